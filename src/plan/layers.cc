#include "plan/layers.h"

namespace mantissa::plan {

bool has_weights(const ir::Node& node) {
  return node.op == "Conv" || node.op == "ConvTranspose" || node.op == "MatMul" || node.op == "Gemm";
}

bool has_computed_bias(const ir::Graph& graph, ir::NodeId node) {
  const std::vector<ir::ValueId>& inputs = graph.node(node).inputs;
  return inputs.size() > 2 && inputs[2] != ir::kNoValue && graph.constant_input(node, 2) == nullptr;
}

int output_axis(const ir::Graph& graph, ir::NodeId id) {
  const ir::Node& node = graph.node(id);
  if (node.op == "Conv") return 0;
  if (node.op == "ConvTranspose") return 1;
  const int last = static_cast<int>(graph.constant_input(id, 1)->shape.size()) - 1;
  return node.op == "Gemm" && graph.integer(id, "transB", 0) != 0 ? last - 1 : last;
}

}  // namespace mantissa::plan
