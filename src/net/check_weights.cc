#include "net/check_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mantissa::net {
namespace {

bool is_parameter_of_a_layer(const ir::Graph& graph, const ir::Value& value) {
  static constexpr std::array<std::string_view, 8> kLayers{"Conv",
                                                           "ConvTranspose",
                                                           "Gemm",
                                                           "MatMul",
                                                           "PRelu",
                                                           "BatchNormalization",
                                                           "InstanceNormalization",
                                                           "LayerNormalization"};
  return std::any_of(value.uses.begin(), value.uses.end(), [&](const ir::Use& use) {
    return use.input > 0 && std::find(kLayers.begin(), kLayers.end(), graph.node(use.node).op) != kLayers.end();
  });
}

// ONNX's shape inference takes any number of channels for a convolution's; engines do not.
Result<void> check_convolution(const ir::Graph& graph, ir::NodeId id) {
  const ir::Node& node = graph.node(id);
  const ir::Tensor* weight = graph.constant_input(id, 1);
  if (!weight || node.inputs[0] == ir::kNoValue) return {};
  const ir::Shape* input = graph.value(node.inputs[0]).shape ? &*graph.value(node.inputs[0]).shape : nullptr;
  const bool transposed = node.op == "ConvTranspose";
  const std::int64_t group = graph.integer(id, "group", 1);
  const std::vector<std::int64_t>& shape = weight->shape;
  if (shape.size() < 3 || weight->count() == 0) return bad_input("its weight holds no kernel");
  if (group < 1 || group > shape[0] || shape[0] % group != 0)
    return bad_input("its " + std::to_string(shape[0]) + " kernels make no " + std::to_string(group) + " groups");
  const std::int64_t in = transposed ? shape[0] : shape[1] * group;
  const std::int64_t out = transposed ? shape[1] * group : shape[0];
  if (input && input->size() > 1 && (*input)[1].size >= 0 && (*input)[1].size != in)
    return bad_input("its weight is for " + std::to_string(in) + " channels, and " + std::to_string((*input)[1].size) +
                     " reach it");
  const ir::Tensor* bias = node.inputs.size() > 2 ? graph.constant_input(id, 2) : nullptr;
  if (bias && bias->count() != out)
    return bad_input("its bias has " + std::to_string(bias->count()) + " elements for " + std::to_string(out) +
                     " channels");
  return {};
}

}  // namespace

Result<void> check_numbers(const ir::Tensor& tensor, bool infinity_too) {
  if (!base::is_floating(tensor.format)) return {};
  MANTISSA_ASSIGN(const std::vector<float> values, tensor.floats());
  const auto bad = std::find_if(values.begin(), values.end(),
                                [&](float value) { return std::isnan(value) || (infinity_too && std::isinf(value)); });
  if (bad == values.end()) return {};
  return bad_input("its element " + std::to_string(bad - values.begin()) + " of " + std::to_string(values.size()) +
                       " is " + (std::isnan(*bad) ? "NaN" : "infinite") +
                       ", so that the network's output is no picture",
                   "Take a checkpoint from before its training went wrong");
}

Result<void> check_weights(const ir::Graph& graph) {
  for (const ir::ValueId id : graph.constants()) {
    const ir::Value& value = graph.value(id);
    MANTISSA_TRY(check_numbers(*value.constant, is_parameter_of_a_layer(graph, value)).in("tensor " + value.name));
  }
  for (const ir::NodeId id : graph.nodes()) {
    const std::string& op = graph.node(id).op;
    if (op == "Conv" || op == "ConvTranspose")
      MANTISSA_TRY(check_convolution(graph, id).in("node " + graph.describe(id)));
  }
  return {};
}

}  // namespace mantissa::net
