#include "pass/emulate_rounding.h"

#include <algorithm>

#include "pass/halves.h"

namespace mantissa::pass {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::ValueId;

ir::Node rounding_node(NumberFormat format, ValueId from, ValueId to, std::string name) {
  return {.op = "RoundTo",
          .domain = "mantissa",
          .name = std::move(name),
          .inputs = {from},
          .outputs = {to},
          .attributes = {{"format", std::string(base::name_of(format))}, {"overflow", std::string("infinity")}},
          .format = NumberFormat::float32};
}

Result<void> widen_constants(Graph& graph) {
  for (const ValueId id : graph.constants()) {
    if (!is_half(graph.value(id).format)) continue;
    const std::vector<std::int64_t> shape = graph.value(id).constant->shape;
    MANTISSA_ASSIGN(std::vector<float> reals, graph.value(id).constant->floats());
    graph.value(id).constant = ir::Tensor::of_floats(shape, std::move(reals));
    graph.value(id).format = NumberFormat::float32;
  }
  return {};
}

void round_output(Graph& graph, ValueId output) {
  const NumberFormat format = *graph.value(output).format;
  const std::string name = graph.value(output).name;
  graph.value(output).format = NumberFormat::float32;
  const ValueId rounded = graph.add_value(name + "_rounded", NumberFormat::float32, graph.value(output).shape);
  const ir::NodeId rounding = graph.add_node(rounding_node(format, output, rounded, name + "_round"));
  graph.replace_uses(output, rounded, rounding);
}

}  // namespace

Result<void> emulate_rounding(Graph& graph) {
  MANTISSA_TRY(widen_constants(graph));
  for (const ir::NodeId id : graph.sorted()) {
    const ir::Node& node = graph.node(id);
    if (node.op == "Cast" && node.domain.empty() && !node.outputs.empty()) {
      const ValueId from = node.inputs[0];
      const ValueId to = node.outputs[0];
      const auto format = graph.value(to).format;
      const auto held = graph.value(from).format;
      const bool from_float = held && base::is_floating(*held);
      if (is_half(format) && !from_float) {  // of integers: into float32, and rounded there
        graph.node(id).attributes.insert_or_assign("to", cast_type(NumberFormat::float32));
        round_output(graph, to);
      } else if (is_half(format)) {  // into the format: rounding itself
        ir::Node& cast = graph.node(id);
        cast.op = "RoundTo";
        cast.domain = "mantissa";
        cast.attributes = {{"format", std::string(base::name_of(*format))}, {"overflow", std::string("infinity")}};
        graph.value(to).format = NumberFormat::float32;
      } else if (format == NumberFormat::float32 && graph.value(from).format == NumberFormat::float32) {
        ir::Node& cast = graph.node(id);  // out of it: the value was rounded where it was made
        cast.op = "Identity";
        cast.attributes.clear();
      }
      continue;
    }
    for (const ValueId output : std::vector<ValueId>(node.outputs))
      if (output != ir::kNoValue && is_half(graph.value(output).format)) round_output(graph, output);
  }
  return {};
}

}  // namespace mantissa::pass
