#include "quant/round_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "quant/compensate_rounding.h"

namespace mantissa::quant {
namespace {

constexpr int kCandidates = 80;
constexpr float kSmallest = 0.5F;   // of the scale that clips nothing
constexpr std::size_t kLanes = 16;  // sums on the way at once, which a compiler keeps in vectors

// Of rounding to the grid; `count` is a multiple of kLanes.
MANTISSA_FOR_EACH_PROCESSOR float squared_error(const float* weights, std::size_t count, float scale,
                                                const GridRounding& round) {
  const float to_level = 1 / scale;
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < count; i += kLanes)
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float difference = round(weights[i + lane] * to_level) * scale - weights[i + lane];
      sums[lane] += difference * difference;
    }
  float sum = 0;
  for (const float of_lane : sums) sum += of_lane;
  return sum;
}

float best_scale(std::vector<float> weights, const WeightGrid& grid) {
  const GridRounding round(grid);
  float largest = 0;
  for (const float w : weights) largest = std::max(largest, std::fabs(w));
  const float unclipped = largest / grid.largest;
  if (!std::isnormal(unclipped)) return 1.0F;  // nothing but zeros, which any scale holds
  weights.resize((weights.size() + kLanes - 1) / kLanes * kLanes, 0.0F);
  float best = unclipped;
  float least = squared_error(weights.data(), weights.size(), best, round);
  for (int i = 1; i <= kCandidates; ++i) {
    const float scale = unclipped * (1 - (1 - kSmallest) * static_cast<float>(i) / kCandidates);
    const float error = squared_error(weights.data(), weights.size(), scale, round);
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

}  // namespace

Result<RoundedWeights> round_weights(const ir::Tensor& weight, int axis, const WeightGrid& grid,
                                     const PatchMoments* moments) {
  const std::vector<std::int64_t>& shape = weight.shape;
  MANTISSA_ASSIGN(std::vector<float> reals, weight.floats());
  const auto channels = static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)]);
  std::size_t inner = 1;
  for (std::size_t d = static_cast<std::size_t>(axis) + 1; d < shape.size(); ++d)
    inner *= static_cast<std::size_t>(shape[d]);
  const std::size_t period = inner * channels;  // the weights of a channel lie `inner` together, once in every period
  const GridRounding round(grid);
  ir::Quantization annotation{grid.format, std::vector<float>(channels), std::vector<std::int32_t>(channels, 0), axis};
  base::parallel_for(channels, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      std::vector<float> own;
      for (std::size_t start = c * inner; start < reals.size(); start += period)
        own.insert(own.end(), reals.begin() + static_cast<std::ptrdiff_t>(start),
                   reals.begin() + static_cast<std::ptrdiff_t>(start + inner));
      const float scale = best_scale(std::move(own), grid);
      annotation.scales[c] = scale;
      if (moments != nullptr) continue;
      for (std::size_t start = c * inner; start < reals.size(); start += period)
        for (std::size_t i = start; i < start + inner; ++i) reals[i] = round(reals[i] / scale) * scale;
    }
  });
  if (moments != nullptr) MANTISSA_TRY(compensate_rounding(reals, annotation.scales, grid, *moments));
  return RoundedWeights{ir::Tensor::of_floats(shape, std::move(reals)), std::move(annotation)};
}

}  // namespace mantissa::quant
