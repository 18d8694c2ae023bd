#include "pass/scale_input_to_levels.h"

#include <vector>

#include "pass/product_by_channel.h"

namespace mantissa::pass {
namespace {

using ir::Graph;

std::vector<ir::NodeId> first_convolutions(const Graph& graph) {
  std::vector<ir::NodeId> found;
  for (const ir::Use& use : graph.value(graph.inputs[0]).uses) {
    const ir::Node& node = graph.node(use.node);
    if (node.op == "Conv" && use.input == 0 && node.format == base::NumberFormat::bfloat16 &&
        graph.constant_input(use.node, 1) != nullptr)
      found.push_back(use.node);
  }
  return found;
}

}  // namespace

Result<void> scale_input_to_levels(Graph& graph, double levels) {
  const std::vector<ir::NodeId> convolutions = first_convolutions(graph);
  if (convolutions.empty() || levels == 1) return {};
  const ir::ValueId input = graph.inputs[0];
  const std::string name = graph.value(input).name;
  const ir::ValueId factor =
      graph.add_constant(name + "_levels", ir::Tensor::of_floats({}, {static_cast<float>(levels)}));
  const ir::ValueId scaled = graph.add("Mul", {input, factor}, {}, name + "_in_levels");
  graph.value(scaled).format = base::NumberFormat::float32;
  graph.value(scaled).shape = graph.value(input).shape;
  for (const ir::NodeId convolution : convolutions) {
    graph.set_input(convolution, 0, scaled);
    MANTISSA_TRY(scale_constant(graph, convolution, 1, "_per_level", [&](std::size_t) { return 1 / levels; }));
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::pass
