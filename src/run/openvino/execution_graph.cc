#include "run/openvino/execution_graph.h"

#include <string>

namespace mantissa::run::openvino {

namespace {

std::string entry(const ov::Node& node, const char* name) {
  const auto& entries = node.get_rt_info();
  const auto found = entries.find(name);
  return found == entries.end() ? std::string() : found->second.as<std::string>();
}

// "i8" and "boolean" are "s8" and "bool" in all our tables.
std::string short_name(std::string precision) {
  if (precision == "boolean") return "bool";
  if (precision.size() > 1 && precision[0] == 'i' && precision[1] >= '0' && precision[1] <= '9') precision[0] = 's';
  return precision.empty() ? "unknown" : precision;
}

}  // namespace

Placement read_execution_graph(const ov::CompiledModel& model) {
  Placement placement;
  for (const auto& node : model.get_runtime_model()->get_ordered_ops()) {
    const std::string type = entry(*node, "layerType");
    if (type == "Input" || type == "Output" || type == "Const") continue;
    placement.entries.push_back({node->get_friendly_name(), type, short_name(entry(*node, "runtimePrecision"))});
  }
  return placement;
}

}  // namespace mantissa::run::openvino
