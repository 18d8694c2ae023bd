// Weights that are next to nothing become zero.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Training with weight decay leaves channels whose weights shrink without end. Once they, or their products with
// activations that shrank likewise, fall below float32's normal numbers, a processor takes a hundred times as long for
// each (Zero-DCE: a quarter of the weights; 13 times as long in all).
//   const w = {0.1, 3e-39, -2e-25}   ->   const w = {0.1, 0, 0}
// What becomes zero lies below 2^-64 (the product of two smaller ones is no normal number), and below 2^-64 times the
// largest of its tensor: far less than what rounding loses of a sum. Float32 constants only; whole tensors that are
// tiny stay. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> flush_tiny_weights(ir::Graph& graph);

}  // namespace mantissa::pass
