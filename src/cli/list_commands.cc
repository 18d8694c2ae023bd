#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "mantissa/inspect.h"

namespace mantissa::cli {

void add_providers(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("providers", "List the engines that can run networks here");
  command->footer("Example:\n  mantissa providers");
  command->callback([&global, &exit_code] {
    auto json = nlohmann::ordered_json::array();
    for (const ProviderState& each : list_providers()) {
      json.push_back(
          {{"name", each.name}, {"title", each.title}, {"version", each.version}, {"missing", each.missing}});
      if (!global.json)
        std::printf("%-18s %s\n", each.name.c_str(),
                    each.missing.empty() ? each.version.c_str() : (each.title + ": not here: " + each.missing).c_str());
    }
    if (global.json) std::printf("%s\n", json.dump(2).c_str());
    exit_code = 0;
  });
}

void add_targets(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("targets", "List the classes of machines that releases can be made for");
  command->footer("Example:\n  mantissa targets");
  command->callback([&global, &exit_code] {
    auto json = nlohmann::ordered_json::array();
    for (const TargetState& each : list_targets()) {
      json.push_back(
          {{"name", each.name}, {"title", each.title}, {"runtime", each.runtime}, {"this_machine", each.this_machine}});
      if (!global.json)
        std::printf("%-16s %s: %s%s\n", each.name.c_str(), each.title.c_str(), each.runtime.c_str(),
                    each.this_machine ? "  (this machine)" : "");
    }
    if (global.json) std::printf("%s\n", json.dump(2).c_str());
    exit_code = 0;
  });
}

}  // namespace mantissa::cli
