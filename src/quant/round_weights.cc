#include "quant/round_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/threads.h"
#include "quant/compensate_rounding.h"

namespace mantissa::quant {
namespace {

constexpr int kCandidates = 80;
constexpr float kSmallest = 0.5F;  // of the scale that clips nothing

// To nearest even by adding and taking away 1.5 * 2^23, which a compiler vectorises on every processor. Good for magnitudes below 2^22.
float nearest(float x) {
  constexpr float kMagic = 12582912.0F;
  return (x + kMagic) - kMagic;
}

float round_to_level(float weight, float scale, float levels) {
  return std::clamp(nearest(weight / scale), -levels, levels) * scale;
}

float squared_error(const std::vector<float>& weights, float scale, float levels) {
  float lanes[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= weights.size(); i += 16)
    for (std::size_t lane = 0; lane < 16; ++lane) {
      const float difference = round_to_level(weights[i + lane], scale, levels) - weights[i + lane];
      lanes[lane] += difference * difference;
    }
  for (; i < weights.size(); ++i) {
    const float difference = round_to_level(weights[i], scale, levels) - weights[i];
    lanes[i % 16] += difference * difference;
  }
  return std::accumulate(std::begin(lanes), std::end(lanes), 0.0F);
}

float best_scale(const std::vector<float>& weights, float levels) {
  float largest = 0;
  for (const float w : weights) largest = std::max(largest, std::fabs(w));
  const float unclipped = largest / levels;
  if (!std::isnormal(unclipped)) return 1.0F;  // nothing but zeros, which any scale holds
  float best = unclipped;
  float least = squared_error(weights, best, levels);
  for (int i = 1; i <= kCandidates; ++i) {
    const float scale = unclipped * (1 - (1 - kSmallest) * static_cast<float>(i) / kCandidates);
    const float error = squared_error(weights, scale, levels);
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  return best;
}

}  // namespace

Result<void> round_weights(ir::Graph& graph, ir::ValueId weight, int axis, int levels, const PatchMoments* moments) {
  const std::vector<std::int64_t> shape = graph.value(weight).constant->shape;
  MANTISSA_ASSIGN(std::vector<float> reals, graph.value(weight).constant->floats());
  const auto channels = static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)]);
  std::size_t inner = 1;
  for (std::size_t d = static_cast<std::size_t>(axis) + 1; d < shape.size(); ++d) inner *= static_cast<std::size_t>(shape[d]);
  const std::size_t period = inner * channels;  // the weights of a channel lie `inner` together, once in every period
  ir::Quantization annotation{base::NumberFormat::int8, std::vector<float>(channels), std::vector<std::int32_t>(channels, 0), axis};
  base::parallel_for(channels, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      std::vector<float> own;
      for (std::size_t start = c * inner; start < reals.size(); start += period)
        own.insert(own.end(), reals.begin() + static_cast<std::ptrdiff_t>(start), reals.begin() + static_cast<std::ptrdiff_t>(start + inner));
      const float scale = best_scale(own, static_cast<float>(levels));
      annotation.scales[c] = scale;
      if (moments != nullptr) continue;
      for (std::size_t start = c * inner; start < reals.size(); start += period)
        for (std::size_t i = start; i < start + inner; ++i) reals[i] = round_to_level(reals[i], scale, static_cast<float>(levels));
    }
  });
  if (moments != nullptr) MANTISSA_TRY(compensate_rounding(reals, annotation.scales, levels, *moments));
  graph.value(weight).constant = ir::Tensor::of_floats(shape, std::move(reals));
  graph.value(weight).quantization = std::move(annotation);
  return {};
}

}  // namespace mantissa::quant
