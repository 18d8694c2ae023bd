#include "mantissa/inspect.h"

#include <algorithm>
#include <climits>
#include <map>

#include "base/cpu.h"
#include "format/manifest.h"
#include "format/network_file.h"
#include "format/onnx.h"
#include "ir/text.h"
#include "net/architecture.h"
#include "net/geometry.h"
#include "net/global_branch.h"
#include "net/merge_sizes.h"
#include "net/task_metadata.h"
#include "plan/hazards.h"
#include "plan/layers.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "run/choose_tiles.h"
#include "target/target.h"

namespace mantissa {
namespace {

constexpr std::size_t kMostExpensive = 5;
constexpr std::size_t kMostReasons = 3;

std::vector<std::pair<std::string, int>> operators_of(const ir::Graph& graph) {
  std::map<std::string, int> counts;
  for (const ir::NodeId node : graph.sorted()) ++counts[graph.node(node).op];
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

// Whether a constant is weights, as far as its readers tell: of quantized ones the integers, not the scales; no single
// number that the code around them multiplies or adds.
bool is_parameter(const ir::Graph& graph, const ir::Value& constant) {
  const bool floating = base::is_floating(constant.constant->format);
  const bool single = constant.constant->count() == 1;
  return std::any_of(constant.uses.begin(), constant.uses.end(), [&](const ir::Use& use) {
    const std::string& op = graph.node(use.node).op;
    if (op == "DequantizeLinear") return use.input == 0;
    if (single && !plan::has_weights(graph.node(use.node)) && op != "PRelu") return false;
    return floating && op != "QuantizeLinear" && op != "Resize" && op != "Clip";
  });
}

std::int64_t parameters_of(const net::Network& network) {
  std::int64_t parameters = 0;
  for (const ir::ValueId id : network.graph.constants()) {
    const ir::Value& value = network.graph.value(id);
    if (is_parameter(network.graph, value)) parameters += value.constant->count();
  }
  return parameters;
}

void add_costs(const ir::Graph& graph, Inspection& inspection) {
  std::vector<net::NodeCost> costs = net::costs(graph);
  for (const net::NodeCost& cost : costs) inspection.macs_per_pixel += cost.macs_per_pixel;
  std::stable_sort(costs.begin(), costs.end(),
                   [](const auto& a, const auto& b) { return a.macs_per_pixel > b.macs_per_pixel; });
  costs.resize(std::min(costs.size(), kMostExpensive));
  for (const net::NodeCost& cost : costs)
    inspection.most_expensive.emplace_back(graph.describe(cost.node), cost.macs_per_pixel / inspection.macs_per_pixel);
}

std::optional<InspectedCondition> condition_of(const net::Task& task) {
  if (!task.condition) return std::nullopt;
  const net::Condition& condition = *task.condition;
  InspectedCondition told{
      condition.input, condition.is_map, condition.step, static_cast<double>(condition.divisor), {}};
  if (condition.levels) told.levels.emplace(condition.levels->low, condition.levels->high);
  return told;
}

Result<std::optional<InspectedBranch>> branch_of(const net::Network& network) {
  std::optional<InspectedBranch> told;
  if (network.task.radius) return told;
  MANTISSA_ASSIGN(const ir::Graph graph, format::with_inferred_shapes(network.graph));
  if (const auto split = net::split_global_branch(graph))
    told = InspectedBranch{split->numbers, split->branch_share, *split->geometry.radius};
  return told;
}

// The file itself, or the reference of a release, of which more is told.
Result<net::Network> read_network_of(const std::filesystem::path& path, const TaskOverrides& overrides,
                                     Inspection& inspection) {
  std::error_code ignored;
  if (!std::filesystem::exists(path / "release.json", ignored)) return format::read_network(path, overrides);
  MANTISSA_ASSIGN(const format::Manifest manifest, format::read_manifest(path));
  for (const format::Artifact& artifact : manifest.artifacts) inspection.files.push_back(artifact.path);
  inspection.tile_errors = manifest.tile_errors;
  return format::read_network(path / "fp32/model.onnx", overrides);
}

// "Clip: its constant of 1e-12 would become zero", so that what is alike can be counted.
std::string without_names(const ir::Graph& graph, const plan::Choice& choice) {
  std::string reason = choice.reason;
  for (const ir::ValueId input : graph.node(choice.node).inputs) {
    if (input == ir::kNoValue || !graph.value(input).constant) continue;
    const std::string name = " " + graph.value(input).name;
    if (const std::size_t at = reason.find(name); at != std::string::npos) reason.erase(at, name.size());
  }
  return graph.node(choice.node).op + ": " + reason;
}

// What fp16 cannot hold of the constants, as a release finds it once more with what calibration saw.
Result<void> add_constants(const ir::Graph& graph, std::vector<plan::Hazard>& hazards) {
  plan::Plan plan = plan::plan_half(graph, base::NumberFormat::float16);
  MANTISSA_TRY(quant::find_half_islands(graph, plan, {}));
  plan::Hazard hazard{"constants", {"fp16"}, {}, {}};
  std::map<std::string, int> reasons;
  for (const plan::Choice& choice : plan.choices) {
    if (choice.refused.empty() || !choice.reason.starts_with("its constant")) continue;
    hazard.nodes.push_back(choice.node);
    ++reasons[without_names(graph, choice)];
  }
  if (hazard.nodes.empty()) return {};
  std::vector<std::pair<std::string, int>> sorted(reasons.begin(), reasons.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(sorted.size(), kMostReasons); ++i)
    hazard.reason += (hazard.reason.empty() ? "" : ", ") + std::to_string(sorted[i].second) + " " + sorted[i].first;
  if (sorted.size() > kMostReasons) hazard.reason += ", and others";
  hazard.reason = "constants that fp16 does not hold: " + hazard.reason;
  hazards.push_back(std::move(hazard));
  return {};
}

Result<std::vector<InspectedHazard>> hazards_of(const ir::Graph& graph) {
  if (plan::is_narrow(graph)) return std::vector<InspectedHazard>{};
  MANTISSA_ASSIGN(std::vector<plan::Hazard> found, plan::find_hazards(graph));
  MANTISSA_TRY(add_constants(graph, found));
  std::vector<InspectedHazard> told;
  for (plan::Hazard& hazard : found)
    told.push_back({std::string(hazard.name),
                    {hazard.variants.begin(), hazard.variants.end()},
                    std::move(hazard.reason),
                    static_cast<int>(hazard.nodes.size()),
                    graph.describe(hazard.nodes.front())});
  return told;
}

void add_memory(const net::Task& task, int tile, Inspection& inspection) {
  const int multiple = std::max(task.size_multiple, 1);
  const int side = tile > 0 ? tile : run::default_tile_size(task);
  inspection.bytes_per_pixel = task.bytes_per_pixel;
  inspection.tile = side > INT_MAX - multiple ? side : (side + multiple - 1) / multiple * multiple;
  inspection.tile_bytes = run::memory_for_tile(task, static_cast<double>(inspection.tile) * inspection.tile);
}

}  // namespace

Result<Inspection> inspect(const std::filesystem::path& file, const TaskOverrides& overrides, int tile) {
  Inspection inspection;
  MANTISSA_ASSIGN(net::Network network, read_network_of(file, overrides, inspection));
  const net::Task& task = network.task;
  inspection.architecture = network.architecture;
  inspection.hyperparameters = network.hyperparameters;
  inspection.kind = task.kind;
  inspection.colour = net::name_of(task.colour);
  inspection.scale = task.scale;
  inspection.range_low = task.range_low;
  inspection.range_high = task.range_high;
  if (task.range_out) inspection.range_out = {task.range_out->low, task.range_out->high};
  inspection.size_multiple = task.size_multiple;
  inspection.radius = task.radius;
  MANTISSA_ASSIGN(inspection.branch, branch_of(network));
  if (const auto geometry = net::find_geometry(network.graph); geometry.ok())
    inspection.global_because = geometry->global_because;
  add_memory(task, tile, inspection);
  inspection.condition = condition_of(task);
  inspection.assumed = task.assumed;
  if (const net::Architecture* known = net::architecture_named(network.architecture))
    inspection.known_hazards = known->hazards;
  MANTISSA_ASSIGN(inspection.hazards, hazards_of(network.graph));
  inspection.parameters = parameters_of(network);
  inspection.operators = operators_of(network.graph);
  add_costs(network.graph, inspection);
  inspection.text = ir::print(network.graph);
  return inspection;
}

Result<void> write_repaired(const std::filesystem::path& file, const std::filesystem::path& output,
                            const TaskOverrides& overrides) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(file, overrides));
  net::merge_sizes(network.graph);
  net::write_task_metadata(network, network.graph);
  return format::write_onnx(network.graph, output);
}

std::vector<TargetState> list_targets() {
  const auto here = target::target_of(base::cpu());
  std::vector<TargetState> states;
  for (const target::Target& each : target::targets())
    states.push_back({each.name, each.title, each.runtime, here.ok() && *here == &each});
  return states;
}

}  // namespace mantissa
