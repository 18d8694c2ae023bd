// Weights on a grid of eight bits, one scale for each output channel.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/patch_moments.h"
#include "quant/weight_grid.h"

namespace mantissa::quant {

struct RoundedWeights {
  ir::Tensor values;
  ir::Quantization annotation;
};

// Chooses for each output channel the scale with the least squared error of its weights, rounds them to that grid, and
// gives the rounded reals with their annotation (zero point 0, axis). `axis` is the weight's dimension of output
// channels. With the `moments` of what a convolution's weights see, they are rounded against them
// (quant/compensate_rounding.h); without, each to the nearest.
[[nodiscard]] Result<RoundedWeights> round_weights(const ir::Tensor& weight, int axis, const WeightGrid& grid,
                                                   const PatchMoments* moments = nullptr);

}  // namespace mantissa::quant
