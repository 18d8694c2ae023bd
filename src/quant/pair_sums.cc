#include "quant/pair_sums.h"

#include <algorithm>
#include <cmath>

namespace mantissa::quant {
namespace {

constexpr double kBeyond = 0.1;  // of what was seen, added at both ends

}  // namespace

Reach reach_of(const ChannelStatistics& channel, float scale, int zero_point) {
  const double beyond = kBeyond * (channel.maximum() - channel.minimum());
  const auto stored = [&](double x) {
    return static_cast<float>(std::clamp(std::nearbyint(x / static_cast<double>(scale)) + zero_point, 0.0, 255.0));
  };
  return {stored(channel.minimum() - beyond), stored(channel.maximum() + beyond)};
}

float largest_pair_sum(std::span<const float> weights, std::size_t taps, std::size_t first, const PairLimit& limit,
                       float slack) {
  const std::size_t inputs = weights.size() / taps;
  // The most positive and the most negative that each product becomes, in the order of a kernel: tap by tap.
  float before_high = 0, before_low = 0, largest = 0;
  for (std::size_t tap = 0; tap < taps; ++tap)
    for (std::size_t i = 0; i < inputs; ++i) {
      const Reach& reach = limit.inputs[first + i];
      const float weight = weights[i * taps + tap];
      const float above = weight + slack, below = weight - slack;
      const float high = above * (above > 0 ? reach.highest : reach.lowest);
      const float low = below * (below < 0 ? reach.highest : reach.lowest);
      if (tap + i > 0) largest = std::max({largest, before_high + high, -(before_low + low)});
      before_high = high;
      before_low = low;
    }
  return largest;
}

}  // namespace mantissa::quant
