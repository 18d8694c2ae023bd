#include "mantissa/inspect.h"

#include <algorithm>
#include <map>

#include "base/cpu.h"
#include "format/network_file.h"
#include "format/onnx.h"
#include "ir/text.h"
#include "net/architecture.h"
#include "net/geometry.h"
#include "net/merge_sizes.h"
#include "net/task_metadata.h"
#include "target/target.h"

namespace mantissa {
namespace {

constexpr std::size_t kMostExpensive = 5;

std::vector<std::pair<std::string, int>> operators_of(const ir::Graph& graph) {
  std::map<std::string, int> counts;
  for (const ir::NodeId node : graph.sorted()) ++counts[graph.node(node).op];
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

// Whether a constant is weights, as far as its readers tell: of quantized ones the integers, not the scales.
bool is_parameter(const ir::Graph& graph, const ir::Value& constant) {
  const bool floating = base::is_floating(constant.constant->format);
  return std::any_of(constant.uses.begin(), constant.uses.end(), [&](const ir::Use& use) {
    const std::string& op = graph.node(use.node).op;
    if (op == "DequantizeLinear") return use.input == 0;
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

}  // namespace

Result<Inspection> inspect(const std::filesystem::path& file, const TaskOverrides& overrides) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(file, overrides));
  const net::Task& task = network.task;
  Inspection inspection;
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
  inspection.bytes_per_pixel = task.bytes_per_pixel;
  inspection.condition = condition_of(task);
  inspection.assumed = task.assumed;
  if (const net::Architecture* known = net::architecture_named(network.architecture))
    inspection.hazards = known->hazards;
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
