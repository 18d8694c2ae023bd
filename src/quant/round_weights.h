// Weights on a grid of integers, one scale for each output channel.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/patch_moments.h"

namespace mantissa::quant {

struct RoundedWeights {
  ir::Tensor values;
  ir::Quantization annotation;
};

// Chooses for each output channel the scale with the least squared error of its weights, rounds them to that grid, and
// gives the rounded reals with their annotation (int8, zero point 0, axis). `levels` is the largest magnitude of a
// stored weight: 127, or 63 where the engine adds two products in 16 bits. `axis` is the weight's dimension of output
// channels. With the `moments` of what a convolution's weights see, they are rounded against them
// (quant/compensate_rounding.h); without, each to the nearest.
[[nodiscard]] Result<RoundedWeights> round_weights(const ir::Tensor& weight, int axis, int levels,
                                                   const PatchMoments* moments = nullptr);

}  // namespace mantissa::quant
