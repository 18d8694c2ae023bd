// Rounding against the layer's real inputs: the error of each rounded weight is made up for by the weights that are not
// rounded yet.
#pragma once

#include <span>
#include <vector>

#include "mantissa/result.h"
#include "quant/patch_moments.h"
#include "quant/weight_grid.h"

namespace mantissa::quant {

// GPTQ (Frantar et al. 2022) for a convolution: rounds the row of weights of each output channel, most used element
// first, to the grid in steps of its scale, so that the mean squared error of the channel's output over the
// observed patches is small. `weights`: [outputs][patch] row by row; changed in place. Errors (internal): moments that
// are not positive definite despite damping.
[[nodiscard]] Result<void> compensate_rounding(std::span<float> weights, std::span<const float> scales,
                                               const WeightGrid& grid, const PatchMoments& moments);

// The same with a scale for each `grid.block` weights of a row (at most the last block has fewer), which it chooses and
// gives, [outputs][blocks]: block by block, most used first, the one of some scales with the least error of the output,
// given the errors of the blocks before it. `size`: weights of a row. Without moments, of the weights themselves.
[[nodiscard]] Result<std::vector<float>> compensate_rounding_in_blocks(std::span<float> weights, std::size_t size,
                                                                       const WeightGrid& grid,
                                                                       const PatchMoments* moments);

}  // namespace mantissa::quant
