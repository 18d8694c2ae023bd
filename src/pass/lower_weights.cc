#include "pass/lower_weights.h"

#include <utility>

namespace mantissa::pass {
namespace {

using ir::ValueId;

struct Constants {
  ValueId levels;
  ValueId scales;
};

Constants add_constants(ir::Graph& graph, const std::string& name, ir::Tensor levels, ir::Tensor scales) {
  return {graph.add_constant(name + "_quantized", std::move(levels)),
          graph.add_constant(name + "_scale", std::move(scales))};
}

}  // namespace

void dequantize_weights(ir::Graph& graph, ir::NodeId node, StoredWeights stored) {
  const ir::Value before = graph.value(graph.node(node).inputs[1]);
  const Constants constants = add_constants(graph, before.name, std::move(stored.levels), std::move(stored.scales));
  std::map<std::string, ir::Attribute, std::less<>> attributes = {{"axis", stored.axis}};
  if (stored.block > 0) attributes.emplace("block_size", stored.block);
  ValueId real = graph.add("DequantizeLinear", {constants.levels, constants.scales}, std::move(attributes),
                           before.name + "_dequantize");
  graph.value(real).format = before.format;
  graph.value(real).shape = graph.value(constants.levels).shape;
  if (graph.value(real).shape != before.shape) {
    const auto rank = static_cast<std::int64_t>(before.constant->shape.size());
    const ValueId shape =
        graph.add_constant(before.name + "_shape", ir::Tensor::of_integers({rank}, before.constant->shape));
    real = graph.add("Reshape", {real, shape}, {}, before.name + "_reshape");
    graph.value(real).format = before.format;
    graph.value(real).shape = before.shape;
  }
  graph.set_input(node, 1, real);
}

void use_matmulnbits(ir::Graph& graph, ir::NodeId id, NBitsWeights stored) {
  const std::string name = graph.value(graph.node(id).inputs[1]).name;
  const Constants constants = add_constants(graph, name, std::move(stored.levels), std::move(stored.scales));
  graph.set_input(id, 1, constants.levels);
  graph.set_input(id, 2, constants.scales);
  ir::Node& node = graph.node(id);
  node.op = "MatMulNBits";
  node.domain = "com.microsoft";
  node.attributes = {{"K", stored.inputs}, {"N", stored.outputs}, {"bits", stored.bits}, {"block_size", stored.block}};
}

}  // namespace mantissa::pass
