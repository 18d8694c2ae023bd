// PReLU in one operator, where an exporter spelled it out.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// Before:  y = Relu(x) + s * (x - Abs(x)) * 0.5        or  Relu(x) - s * Relu(-x), Max(x, s * x), ...
// After:   y = PRelu(x, s), or LeakyRelu(x) {alpha} where the slope is one number
// Told not by its form but by what it computes: of sums, differences, maxima, products with constants by channel, Relu,
// Abs and Neg, the slopes over positive and negative x are followed; they make a PReLU where the first is 1 (to
// float32's accuracy).
void fuse_prelu(ir::Graph& graph);

}  // namespace mantissa::pass
