#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "mantissa/inspect.h"
#include "mantissa/providers.h"

namespace mantissa::cli {

namespace {

nlohmann::ordered_json json_of(const ProviderState& each) {
  return {{"name", each.name},   {"title", each.title},     {"device", each.device},  {"library", each.library},
          {"files", each.files}, {"version", each.version}, {"missing", each.missing}};
}

void print(const ProviderState& each) {
  std::string text = each.missing.empty() ? each.version : "not here: " + each.missing;
  if (each.missing.empty() && !each.library.empty()) text += ", from " + each.library;
  std::printf("%-26s  %s\n", each.name.c_str(), text.c_str());
}

}  // namespace

void add_providers(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("providers", "List the engines and devices that can run networks here, or could");
  const ProviderLibraries libraries = add_provider_libraries(*command);
  command->footer("Example:\n  mantissa providers\n  mantissa providers --provider-library libonnxruntime_ep.so");
  command->callback([libraries, &global, &exit_code] {
    if (const auto added = use(libraries); !added.ok()) {
      exit_code = fail(added.error(), global);
      return;
    }
    auto json = nlohmann::ordered_json::array();
    for (const ProviderState& each : list_providers()) {
      json.push_back(json_of(each));
      if (!global.json) print(each);
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
