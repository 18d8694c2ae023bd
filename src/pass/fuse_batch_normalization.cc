#include "pass/fuse_batch_normalization.h"

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;

// The convolution that alone a normalization follows, with constants on both.
NodeId convolution_before(const Graph& graph, NodeId normalization) {
  const ir::Node& node = graph.node(normalization);
  if (node.op != "BatchNormalization" || node.inputs.size() != 5) return ir::kNoNode;
  const NodeId maker = graph.only_maker(node.inputs[0]);
  if (!graph.is(maker, "Conv") || graph.constant_input(maker, 1) == nullptr) return ir::kNoNode;
  const ir::Node& convolution = graph.node(maker);
  const bool has_bias = convolution.inputs.size() > 2 && convolution.inputs[2] != ir::kNoValue;
  if (has_bias && graph.constant_input(maker, 2) == nullptr) return ir::kNoNode;
  const std::int64_t outputs = graph.constant_input(maker, 1)->shape[0];
  for (std::size_t i = 1; i < 5; ++i)
    if (graph.constant_input(normalization, i) == nullptr || graph.constant_input(normalization, i)->count() != outputs)
      return ir::kNoNode;
  return maker;
}

}  // namespace

Result<void> fuse_batch_normalization(Graph& graph) {
  for (const NodeId id : graph.sorted()) {
    const NodeId convolution = convolution_before(graph, id);
    if (convolution == ir::kNoNode) continue;
    std::array<std::vector<float>, 4> numbers;  // scale, bias, mean, variance
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      MANTISSA_ASSIGN(numbers[i], graph.constant_input(id, i + 1)->floats());
    }
    const ir::Tensor& weight = *graph.constant_input(convolution, 1);
    MANTISSA_ASSIGN(std::vector<float> weights, weight.floats());
    const std::size_t outputs = numbers[0].size(), of_output = weights.size() / outputs;
    std::vector<float> biases(outputs, 0.0F);
    if (const ir::Tensor* bias = graph.constant_input(convolution, 2)) {
      MANTISSA_ASSIGN(biases, bias->floats());
    }
    const double epsilon = static_cast<double>(graph.real(id, "epsilon", 1e-5F));
    for (std::size_t o = 0; o < outputs; ++o) {
      const double gain = numbers[0][o] / std::sqrt(numbers[3][o] + epsilon);
      for (std::size_t k = o * of_output; k < (o + 1) * of_output; ++k)
        weights[k] = static_cast<float>(weights[k] * gain);
      biases[o] = static_cast<float>((static_cast<double>(biases[o]) - numbers[2][o]) * gain + numbers[1][o]);
    }
    const std::string name = graph.value(graph.node(convolution).inputs[1]).name;
    const std::vector<std::int64_t> shape = weight.shape;
    graph.set_input(convolution, 1,
                    graph.add_constant(name + "_normalized", ir::Tensor::of_floats(shape, std::move(weights))));
    graph.set_input(convolution, 2,
                    graph.add_constant(name + "_normalized_bias",
                                       ir::Tensor::of_floats({static_cast<std::int64_t>(outputs)}, std::move(biases))));
    graph.replace(graph.node(id).outputs[0], graph.node(convolution).outputs[0]);
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::pass
