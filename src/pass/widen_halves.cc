#include "pass/widen_halves.h"

#include <algorithm>

#include "pass/halves.h"

namespace mantissa::pass {
namespace {

using base::NumberFormat;
using ir::Graph;

Result<void> widen(ir::Tensor& tensor) {
  if (!is_half(tensor.format)) return {};
  MANTISSA_ASSIGN(std::vector<float> numbers, tensor.floats());
  tensor = ir::Tensor::of_floats(tensor.shape, std::move(numbers));
  return {};
}

}  // namespace

Result<void> widen_halves(Graph& graph) {
  const auto ends_in_half = [&](ir::ValueId id) { return is_half(graph.value(id).format); };
  if (std::none_of(graph.inputs.begin(), graph.inputs.end(), ends_in_half) &&
      std::none_of(graph.outputs.begin(), graph.outputs.end(), ends_in_half))
    return {};
  for (const ir::ValueId id : graph.values()) {
    ir::Value& value = graph.value(id);
    if (is_half(value.format)) value.format = NumberFormat::float32;
    if (value.constant) MANTISSA_TRY(widen(*value.constant));
  }
  for (const ir::NodeId id : graph.nodes()) {
    for (auto& [name, attribute] : graph.node(id).attributes) {
      if (auto* tensor = std::get_if<ir::Tensor>(&attribute)) MANTISSA_TRY(widen(*tensor));
      auto* number = std::get_if<std::int64_t>(&attribute);
      if (graph.is(id, "Cast") && name == "to" && number != nullptr &&
          (*number == cast_type(NumberFormat::float16) || *number == cast_type(NumberFormat::bfloat16)))
        *number = cast_type(NumberFormat::float32);
    }
  }
  return {};
}

}  // namespace mantissa::pass
