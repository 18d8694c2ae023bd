#include "pass/keep_reduced_dimensions.h"

namespace mantissa::pass {

void keep_reduced_dimensions(ir::Graph& graph) {
  for (const ir::NodeId id : graph.sorted()) {
    const ir::Node& node = graph.node(id);
    if (!node.op.starts_with("Reduce") || !node.domain.empty() || graph.integer(id, "keepdims", 1) != 0) continue;
    if (node.inputs.size() < 2 || graph.constant_input(id, 1) == nullptr) continue;
    const ir::ValueId axes = node.inputs[1];
    const ir::ValueId dropped = node.outputs[0];
    ir::Node kept = node;
    kept.attributes.erase("keepdims");
    kept.outputs = {graph.add_value(graph.value(dropped).name + "_kept", graph.value(dropped).format)};
    const ir::ValueId whole = kept.outputs[0];
    graph.add_node(std::move(kept));
    const ir::ValueId squeezed = graph.add("Squeeze", {whole, axes});
    graph.value(squeezed).format = graph.value(dropped).format;
    graph.value(squeezed).shape = graph.value(dropped).shape;
    const std::string name = graph.value(dropped).name;
    const bool is_output = graph.is_output(dropped);
    graph.replace_uses(dropped, squeezed);
    graph.erase(id);
    if (is_output) graph.rename(squeezed, name);
  }
}

}  // namespace mantissa::pass
