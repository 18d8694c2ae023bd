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
  return {};
}

}  // namespace mantissa::net
