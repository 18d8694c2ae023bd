#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/digits.h"
#include "base/readable.h"
#include "cli/commands.h"
#include "cli/error_json.h"
#include "mantissa/inspect.h"

namespace mantissa::cli {
namespace {

constexpr std::uint64_t kLargestTile = 1 << 20;  // far above what any machine holds

struct Arguments {
  std::filesystem::path network;
  TaskOverrides overrides;
  bool text = false;
  int tile = 0;                    // 0: the usual
  std::filesystem::path repaired;  // to write; empty: nothing
};

// A line of the answer: what it tells, and in how many columns that is.
void print_line(const char* label, const std::string& text) {
  std::printf("%-16s %s\n", label, base::readable(text).c_str());
}

std::string with_commas(const std::string& first, const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text = first;
  for (const auto& [name, value] : pairs) text += ", " + name + " " + value;
  return text;
}

std::string pictures_of(const Inspection& in) {
  char range[96];
  std::snprintf(range, sizeof range, ", black %g, white %g", in.range_low, in.range_high);
  std::string text = in.colour + range;
  if (in.range_out) {
    std::snprintf(range, sizeof range, " (coming out: %g, %g)", in.range_out->first, in.range_out->second);
    text += range;
  }
  return text + (in.size_multiple > 1 ? ", sides a multiple of " + std::to_string(in.size_multiple) : "");
}

std::string text_of(const InspectedCondition& told) {
  char number[96];
  std::snprintf(number, sizeof number, ": level / %g", told.divisor);
  const std::string side = std::to_string(told.step);
  std::string text = "the level of noise in " + told.input + number;
  if (told.is_map) text += told.step > 1 ? ", for every " + side + "x" + side + " pixels" : ", for every pixel";
  if (!told.levels) return text;
  std::snprintf(number, sizeof number, "; made for levels of %g to %g", told.levels->first, told.levels->second);
  return text + number;
}

std::string receptive_field_of(const Inspection& in) {
  if (in.radius) return std::to_string(*in.radius) + " pixels to each side";
  if (!in.branch) return "the whole picture: " + in.global_because;
  char text[160];
  std::snprintf(text, sizeof text,
                "the whole picture, by a branch (%.1f %% of the work) that gives %lld numbers; of the rest %d pixels",
                100 * in.branch->share, static_cast<long long>(in.branch->numbers), in.branch->radius);
  return text;
}

// What a tile takes, as `run` estimates it.
std::string memory_of(const Inspection& in) {
  if (in.tile_bytes <= 0) return "not known: it does not grow in proportion to the picture";
  const std::string side = std::to_string(in.tile);
  return "about " + std::to_string(std::llround(std::ceil(in.tile_bytes / 1e6))) + " MB for a tile of " + side + " x " +
         side + "; values of " + std::to_string(std::llround(in.bytes_per_pixel)) +
         " bytes per input pixel at once in fp32";
}

void print_hazard(const InspectedHazard& hazard) {
  std::string variants;
  for (const std::string& variant : hazard.variants) variants += (variants.empty() ? "" : ", ") + variant;
  std::printf("  %-12s %s\n", variants.c_str(), base::readable(hazard.reason).c_str());
  const std::string more = hazard.nodes > 1 ? " and " + std::to_string(hazard.nodes - 1) + " more" : "";
  std::printf("  %-12s   %s%s\n", "", base::readable(hazard.first).c_str(), more.c_str());
}

void print_text(const Inspection& in) {
  print_line("architecture",
             with_commas(in.architecture.empty() ? "not a known one" : in.architecture, in.hyperparameters));
  print_line("task", in.kind + " x" + std::to_string(in.scale));
  print_line("pictures", pictures_of(in));
  print_line("receptive field", receptive_field_of(in));
  for (const TileError& error : in.tile_errors) print_line("tiles", text_of(error));
  if (in.condition) print_line("is told", text_of(*in.condition));
  for (const std::string& fact : in.assumed) print_line("assumed", fact);
  if (!in.known_hazards.empty()) print_line("known hazards", in.known_hazards);
  print_line("parameters", std::to_string(in.parameters));
  print_line("work", std::to_string(std::llround(in.macs_per_pixel)) + " multiply-accumulates per input pixel");
  print_line("memory", memory_of(in));
  std::string operators;
  for (const auto& [op, count] : in.operators)
    operators += (operators.empty() ? "" : ", ") + std::to_string(count) + " " + op;
  print_line("operators", operators);
  if (!in.most_expensive.empty()) std::printf("most work in\n");
  for (const auto& [node, share] : in.most_expensive)
    std::printf("  %5.1f %%  %s\n", 100 * share, base::readable(node).c_str());
  if (!in.hazards.empty()) std::printf("hard for narrow formats\n");
  for (const InspectedHazard& hazard : in.hazards) print_hazard(hazard);
  for (const std::string& file : in.files) print_line("file", file);
}

nlohmann::ordered_json condition_json(const std::optional<InspectedCondition>& told) {
  if (!told) return nullptr;
  nlohmann::ordered_json json = {{"input", told->input},
                                 {"form", told->is_map ? "map" : "number"},
                                 {"step", told->step},
                                 {"divisor", told->divisor},
                                 {"levels", nullptr}};
  if (told->levels) json["levels"] = {told->levels->first, told->levels->second};
  return json;
}

nlohmann::ordered_json hazards_json(const std::vector<InspectedHazard>& hazards) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const InspectedHazard& each : hazards)
    json.push_back({{"name", each.name},
                    {"variants", each.variants},
                    {"reason", each.reason},
                    {"nodes", each.nodes},
                    {"first", each.first}});
  return json;
}

void print_json(const Inspection& in) {
  nlohmann::ordered_json json = {
      {"architecture", in.architecture},
      {"hyperparameters", nlohmann::ordered_json::object()},
      {"task", in.kind},
      {"scale", in.scale},
      {"colour", in.colour},
      {"range", {in.range_low, in.range_high}},
      {"size_multiple", in.size_multiple},
      {"receptive_field_radius", in.radius ? nlohmann::ordered_json(*in.radius) : nlohmann::ordered_json(nullptr)},
      {"global_because", in.global_because},
      {"condition", condition_json(in.condition)},
      {"assumed", in.assumed},
      {"known_hazards", in.known_hazards},
      {"hazards", hazards_json(in.hazards)},
      {"parameters", in.parameters},
      {"macs_per_pixel", in.macs_per_pixel},
      {"bytes_per_pixel", std::llround(in.bytes_per_pixel)},
      {"tile", in.tile},
      {"tile_bytes", std::llround(in.tile_bytes)},
      {"operators", nlohmann::ordered_json::object()},
      {"most_expensive", nlohmann::ordered_json::object()}};
  if (in.range_out) json["range_out"] = {in.range_out->first, in.range_out->second};
  if (in.branch)
    json["global_branch"] = {{"numbers", in.branch->numbers},
                             {"share", base::rounded(in.branch->share, base::kDigitsOfFigure)},
                             {"receptive_field_radius", in.branch->radius}};
  if (!in.files.empty()) json["files"] = in.files;
  for (const TileError& error : in.tile_errors) json["tile_errors"].push_back(to_json(error));
  for (const auto& [name, value] : in.hyperparameters) json["hyperparameters"][name] = value;
  for (const auto& [op, count] : in.operators) json["operators"][op] = count;
  for (const auto& [node, share] : in.most_expensive)
    json["most_expensive"][node] = base::rounded(share, base::kDigitsOfFigure);
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

int inspect_command(const Arguments& arguments, const GlobalOptions& global) {
  const auto inspection = inspect(arguments.network, arguments.overrides, arguments.tile);
  if (!inspection.ok()) return fail(inspection.error(), global);
  if (arguments.text)
    std::printf("%s", inspection->text.c_str());
  else
    global.json ? print_json(*inspection) : print_text(*inspection);
  if (arguments.repaired.empty()) return 0;
  const auto written = write_repaired(arguments.network, arguments.repaired, arguments.overrides);
  return written.ok() ? 0 : fail(written.error(), global);
}

}  // namespace

void add_inspect(CLI::App& app, const GlobalOptions& global, int& exit_code) {
  auto* command = app.add_subcommand("inspect", "Tell what a network is and what it costs");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("network", arguments->network,
                   "PyTorch checkpoint (.pth, .pt), safetensors, ONNX, frozen TensorFlow graph (.pb), or a release")
      ->required();
  add_overrides(*command, arguments->overrides);
  command
      ->add_option(
          "--tile", arguments->tile,
          "Side of the tile whose memory is told, in input pixels; default: as run takes them where there is memory")
      ->check(whole_number(1, kLargestTile));
  command->add_flag("--text", arguments->text, "Print the graph in the text form of docs/ir-text.md");
  command->add_option("--repair", arguments->repaired,
                      "Write the network as mantissa reads it to this ONNX file: sizes of the picture free, operators "
                      "gathered that an exporter spelled out");
  command->footer("Example:\n  mantissa inspect network.pth\n  mantissa inspect fixed.onnx --repair any_size.onnx");
  command->callback([arguments, &global, &exit_code] { exit_code = inspect_command(*arguments, global); });
}

}  // namespace mantissa::cli
