#include "pass/flush_tiny_weights.h"

#include <algorithm>
#include <cmath>

namespace mantissa::pass {

Result<void> flush_tiny_weights(ir::Graph& graph) {
  constexpr float kTiny = 0x1p-64F;
  for (const ir::ValueId id : graph.constants()) {
    if (graph.value(id).format != base::NumberFormat::float32) continue;
    const std::vector<std::int64_t> shape = graph.value(id).constant->shape;
    MANTISSA_ASSIGN(std::vector<float> values, graph.value(id).constant->floats());
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    const float limit = kTiny * std::min(largest, 1.0F);
    bool any = false;
    for (float& value : values)
      if (value != 0 && std::fabs(value) < limit) {
        value = 0;
        any = true;
      }
    if (any) graph.value(id).constant = ir::Tensor::of_floats(shape, std::move(values));
  }
  return {};
}

}  // namespace mantissa::pass
