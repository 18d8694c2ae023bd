// BatchNormalization goes into the weights of the convolution before it.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Before:  a = Conv(x, w, b)  y = BatchNormalization(a, scale, bias, mean, variance) {epsilon}
// After:   y = Conv(x, w * g, (b - mean) * g + bias),  g = scale / sqrt(variance + epsilon)
// Computed in double. Stays where the convolution has another reader, or a number is not constant.
// Errors: those of Tensor::floats.
[[nodiscard]] Result<void> fuse_batch_normalization(ir::Graph& graph);

}  // namespace mantissa::pass
