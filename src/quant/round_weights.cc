#include "quant/round_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "quant/compensate_rounding.h"
#include "quant/expect_noise.h"

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

// The rows of an output channel's weights within a tensor: its weights lie `inner` together, once in every `period`.
class Channels {
 public:
  Channels(const std::vector<std::int64_t>& shape, int axis)
      : count_(static_cast<std::size_t>(shape[static_cast<std::size_t>(axis)])) {
    for (std::size_t d = static_cast<std::size_t>(axis) + 1; d < shape.size(); ++d)
      inner_ *= static_cast<std::size_t>(shape[d]);
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::vector<float> read(const std::vector<float>& values, std::size_t channel) const {
    std::vector<float> row;
    for_each(values.size(), channel, [&](std::size_t i) { row.push_back(values[i]); });
    return row;
  }
  void write(std::span<const float> row, std::size_t channel, std::vector<float>& values) const {
    std::size_t next = 0;
    for_each(values.size(), channel, [&](std::size_t i) { values[i] = row[next++]; });
  }

 private:
  template <class Visit>
  void for_each(std::size_t size, std::size_t channel, const Visit& visit) const {
    for (std::size_t start = channel * inner_; start < size; start += inner_ * count_)
      for (std::size_t i = start; i < start + inner_; ++i) visit(i);
  }

  std::size_t count_;
  std::size_t inner_ = 1;
};

// Rounding may move a weight by more than half a step where it makes up for others; few go further than this.
constexpr float kSlack = 1.5F;
constexpr float kFurther = 1.01F;  // a scale that proves too small grows by this

// Of one output channel's weights, in steps of the scale.
float pair_sum_of(std::vector<float> row, float scale, float slack, std::size_t channel, std::size_t channels,
                  const LayerFacts& layer) {
  for (float& weight : row) weight /= scale;
  const std::size_t of_group = row.size() / layer.taps;
  const std::size_t first = channel / (channels / layer.groups) * of_group;
  return largest_pair_sum(row, layer.taps, first, *layer.pair_limit, slack);
}

Result<void> round_rows(std::vector<float>& rows, std::span<const float> scales, const WeightGrid& grid,
                        const LayerFacts& layer) {
  if (layer.moments != nullptr && layer.compensate) return compensate_rounding(rows, scales, grid, *layer.moments);
  const GridRounding round(grid);
  const std::size_t size = rows.size() / scales.size();
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = round(rows[i] / scales[i / size]) * scales[i / size];
  return {};
}

Result<RoundedWeights> round_in_blocks(const std::vector<std::int64_t>& shape, int axis, std::vector<float> reals,
                                       const WeightGrid& grid, const LayerFacts& layer) {
  const Channels rows(shape, axis);
  const std::size_t size = reals.size() / rows.count();
  std::vector<float> gathered;
  gathered.reserve(reals.size());
  for (std::size_t c = 0; c < rows.count(); ++c) {
    const std::vector<float> row = rows.read(reals, c);
    gathered.insert(gathered.end(), row.begin(), row.end());
  }
  ir::Quantization annotation{grid.format, {}, {}, axis, static_cast<int>(grid.block)};
  MANTISSA_ASSIGN(annotation.scales,
                  compensate_rounding_in_blocks(gathered, size, grid, layer.compensate ? layer.moments : nullptr));
  annotation.zero_points.assign(annotation.scales.size(), 0);
  for (std::size_t c = 0; c < rows.count(); ++c) rows.write(std::span(gathered).subspan(c * size, size), c, reals);
  return RoundedWeights{ir::Tensor::of_floats(shape, std::move(reals)), std::move(annotation)};
}

}  // namespace

Result<RoundedWeights> round_weights(const ir::Tensor& weight, int axis, const WeightGrid& grid,
                                     const LayerFacts& layer) {
  MANTISSA_ASSIGN(std::vector<float> reals, weight.floats());
  if (layer.moments != nullptr && layer.noise > 0) expect_noise(reals, *layer.moments, layer.noise);
  const Channels rows(weight.shape, axis);
  const std::size_t channels = rows.count();
  if (grid.block > 0 && grid.block * channels < reals.size())
    return round_in_blocks(weight.shape, axis, std::move(reals), grid, layer);
  ir::Quantization annotation{grid.format, std::vector<float>(channels), std::vector<std::int32_t>(channels, 0), axis};
  base::parallel_for(channels, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      const std::vector<float> row = rows.read(reals, c);
      float& scale = annotation.scales[c];
      scale = best_scale(row, grid);
      if (!layer.pair_limit) continue;
      // The slack does not shrink as the scale grows, so that it comes off the limit.
      const float plain = pair_sum_of(row, scale, 0, c, channels, layer);
      const float with_slack = pair_sum_of(row, scale, kSlack, c, channels, layer);
      scale *= std::max(1.0F, plain / (layer.pair_limit->largest - (with_slack - plain)));
    }
  });
  std::vector<float> rounded(reals.size());
  std::vector<std::size_t> left(channels);  // to be rounded
  std::iota(left.begin(), left.end(), 0);
  while (!left.empty()) {
    std::vector<float> some, scales;
    for (const std::size_t c : left) {
      const std::vector<float> row = rows.read(reals, c);
      some.insert(some.end(), row.begin(), row.end());
      scales.push_back(annotation.scales[c]);
    }
    MANTISSA_TRY(round_rows(some, scales, grid, layer));
    const std::size_t size = some.size() / left.size();
    std::vector<std::size_t> too_large;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const std::size_t c = left[i];
      std::vector<float> row(some.begin() + static_cast<std::ptrdiff_t>(i * size),
                             some.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
      rows.write(row, c, rounded);
      if (!layer.pair_limit ||
          pair_sum_of(std::move(row), scales[i], 0, c, channels, layer) <= layer.pair_limit->largest)
        continue;
      annotation.scales[c] *= kFurther;
      too_large.push_back(c);
    }
    left = std::move(too_large);
  }
  return RoundedWeights{ir::Tensor::of_floats(weight.shape, std::move(rounded)), std::move(annotation)};
}

}  // namespace mantissa::quant
