// Weights on a grid of eight bits with one scale for each output channel, or of four with one for each block of it.
#pragma once

#include <optional>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/pair_sums.h"
#include "quant/patch_moments.h"
#include "quant/weight_grid.h"

namespace mantissa::quant {

struct RoundedWeights {
  ir::Tensor values;
  ir::Quantization annotation;
};

// What else is known of the layer whose weights are rounded.
struct LayerFacts {
  const PatchMoments* moments = nullptr;  // of what a convolution's weights see
  bool compensate = true;  // with moments: weights are rounded against them (quant/compensate_rounding.h), not each to
                           // the nearest
  float noise = 0;         // with moments: variance that rounding adds to what they see (quant/expect_noise.h)
  std::optional<PairLimit> pair_limit = {};  // that no sum of two neighbouring products may exceed
  std::size_t taps = 1;                      // of a convolution's kernel
  std::size_t groups = 1;
};

// Chooses for each output channel the scale with the least squared error of its weights, or where that exceeds the
// limit of pair sums the smallest that does not; rounds them to that grid, and gives the rounded reals with their
// annotation (zero point 0, axis). `axis` is the weight's dimension of output channels. A grid in blocks has a scale for
// each block instead, where a channel has several, and no limit of pair sums.
[[nodiscard]] Result<RoundedWeights> round_weights(const ir::Tensor& weight, int axis, const WeightGrid& grid,
                                                   const LayerFacts& layer = {});

}  // namespace mantissa::quant
