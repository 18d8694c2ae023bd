#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "mantissa/inspect.h"

namespace mantissa::cli {
namespace {

struct Arguments {
  std::filesystem::path network;
  TaskOverrides overrides;
  bool text = false;
};

void print_text(const Inspection& in) {
  std::printf("architecture   %s", in.architecture.empty() ? "not a known one" : in.architecture.c_str());
  for (const auto& [name, value] : in.hyperparameters) std::printf(", %s %s", name.c_str(), value.c_str());
  std::printf("\ntask           %s x%d\n", in.kind.c_str(), in.scale);
  std::printf("pictures       %s, black %g, white %g", in.colour.c_str(), in.range_low, in.range_high);
  if (in.size_multiple > 1) std::printf(", sides a multiple of %d", in.size_multiple);
  std::printf("\nsees           ");
  in.radius ? std::printf("%d pixels to each side of one (receptive field)\n", *in.radius) : std::printf("the whole picture (receptive field)\n");
  for (const std::string& fact : in.assumed) std::printf("assumed        %s\n", fact.c_str());
  std::printf("parameters     %lld\nwork           %.0f multiply-accumulates per input pixel\noperators      ", static_cast<long long>(in.parameters),
              in.macs_per_pixel);
  for (const auto& [op, count] : in.operators) std::printf("%s %d  ", op.c_str(), count);
  std::printf("\nmost work in\n");
  for (const auto& [node, share] : in.most_expensive) std::printf("  %5.1f %%  %s\n", 100 * share, node.c_str());
}

void print_json(const Inspection& in) {
  nlohmann::ordered_json json = {{"architecture", in.architecture},
                                 {"hyperparameters", nlohmann::ordered_json::object()},
                                 {"task", in.kind},
                                 {"scale", in.scale},
                                 {"colour", in.colour},
                                 {"range", {in.range_low, in.range_high}},
                                 {"size_multiple", in.size_multiple},
                                 {"receptive_field_radius", in.radius ? nlohmann::ordered_json(*in.radius) : nlohmann::ordered_json(nullptr)},
                                 {"assumed", in.assumed},
                                 {"parameters", in.parameters},
                                 {"macs_per_pixel", in.macs_per_pixel},
                                 {"operators", nlohmann::ordered_json::object()},
                                 {"most_expensive", nlohmann::ordered_json::object()}};
  for (const auto& [name, value] : in.hyperparameters) json["hyperparameters"][name] = value;
  for (const auto& [op, count] : in.operators) json["operators"][op] = count;
  for (const auto& [node, share] : in.most_expensive) json["most_expensive"][node] = share;
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int inspect_command(const Arguments& arguments, const GlobalOptions& global) {
  const auto inspection = inspect(arguments.network, arguments.overrides);
  if (!inspection.ok()) return fail(inspection.error(), global);
  if (arguments.text)
    std::printf("%s", inspection->text.c_str());
  else
    global.json ? print_json(*inspection) : print_text(*inspection);
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("inspect", "Tell what a network is and what it costs");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("network", arguments->network, "PyTorch checkpoint (.pth, .pt) or ONNX file")->required();
  command->add_option("--range", arguments->overrides.range, "Black and white in the network's numbers, such as 0:255");
  command->add_option("--colour", arguments->overrides.colour, "rgb, ycbcr or luminance");
  command->add_flag("--text", arguments->text, "Print the graph in the text form of docs/ir-text.md");
  command->footer("Example:\n  mantissa inspect network.pth");
  command->callback([arguments, &global, &exit_code] { exit_code = inspect_command(*arguments, global); });
}

}  // namespace mantissa::cli
