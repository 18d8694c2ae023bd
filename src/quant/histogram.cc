#include "quant/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mantissa::quant {
namespace {

constexpr std::size_t kBlock = 4096;  // elements that are looked at twice while they are in the cache; short enough for float sums
constexpr std::size_t kLanes = 16;    // independent partial results, which a compiler keeps in vectors

struct Extent {
  float minimum = std::numeric_limits<float>::max();
  float maximum = std::numeric_limits<float>::lowest();
  double sum = 0;
  std::size_t finite = 0;
  std::size_t zeros = 0;
};

// Comparisons with NaN are false, and infinities fail the test, so there are no branches.
Extent extent_of(std::span<const float> block) {
  float low[kLanes];
  float high[kLanes];
  float sums[kLanes] = {};
  std::uint32_t finite[kLanes] = {};
  std::uint32_t zeros[kLanes] = {};
  std::fill(std::begin(low), std::end(low), std::numeric_limits<float>::max());
  std::fill(std::begin(high), std::end(high), std::numeric_limits<float>::lowest());
  const auto look = [&](float x, std::size_t lane) {
    const bool is_finite = std::fabs(x) <= std::numeric_limits<float>::max();
    low[lane] = is_finite && x < low[lane] ? x : low[lane];
    high[lane] = is_finite && x > high[lane] ? x : high[lane];
    sums[lane] += is_finite ? x : 0.0F;
    finite[lane] += is_finite ? 1U : 0U;
    zeros[lane] += x == 0.0F ? 1U : 0U;
  };
  std::size_t i = 0;
  for (; i + kLanes <= block.size(); i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) look(block[i + lane], lane);
  for (; i < block.size(); ++i) look(block[i], i % kLanes);
  return {*std::min_element(std::begin(low), std::end(low)), *std::max_element(std::begin(high), std::end(high)),
          std::accumulate(std::begin(sums), std::end(sums), 0.0), std::accumulate(std::begin(finite), std::end(finite), std::size_t{0}),
          std::accumulate(std::begin(zeros), std::end(zeros), std::size_t{0})};
}

}  // namespace

void ChannelStatistics::reach_out(double to) {
  if (reach_ == 0) reach_ = std::exp2(std::ceil(std::log2(std::max(to, 1e-30))));
  while (reach_ <= to) {
    std::array<std::uint32_t, kBins> merged{};
    for (std::size_t i = 0; i < kBins; ++i) merged[(kBins / 2 + i) / 2] += bins_[i];
    bins_ = merged;
    reach_ *= 2;
  }
}

void ChannelStatistics::add(std::span<const float> elements) {
  for (std::size_t begin = 0; begin < elements.size(); begin += kBlock) {
    const auto block = elements.subspan(begin, std::min(kBlock, elements.size() - begin));
    const Extent extent = extent_of(block);
    not_finite_ += block.size() - extent.finite;
    if (extent.finite == 0) continue;
    minimum_ = count_ == 0 ? extent.minimum : std::min<double>(minimum_, extent.minimum);
    maximum_ = count_ == 0 ? extent.maximum : std::max<double>(maximum_, extent.maximum);
    sum_ += extent.sum;
    count_ += extent.finite;
    zeros_ += extent.zeros;
    reach_out(std::max(std::fabs(static_cast<double>(extent.minimum)), std::fabs(static_cast<double>(extent.maximum))));
    const auto to_bin = static_cast<float>(kBins / (2.0 * reach_));
    const bool all_finite = extent.finite == block.size();
    for (const float x : block) {
      if (!all_finite && !(std::fabs(x) <= std::numeric_limits<float>::max())) continue;
      const int bin = static_cast<int>(x * to_bin + kBins / 2.0F);
      ++bins_[static_cast<std::size_t>(std::min(bin, kBins - 1))];
    }
  }
}

void ChannelStatistics::scale(double factor) {
  reach_ *= factor;
  minimum_ *= factor;
  maximum_ *= factor;
  sum_ *= factor;
}

Histogram::Histogram(std::span<const ChannelStatistics> channels) : bins_(kBins, 0.0) {
  for (const ChannelStatistics& channel : channels) {
    reach_ = std::max(reach_, channel.reach());
    minimum_ = std::min(minimum_, channel.minimum());
    maximum_ = std::max(maximum_, channel.maximum());
  }
  if (reach_ == 0) return;
  for (const ChannelStatistics& channel : channels) {
    const double fine_per_coarse = channel.reach() / reach_ * kBins / ChannelStatistics::kBins;
    const double first = kBins / 2.0 * (1 - channel.reach() / reach_);
    for (int i = 0; i < ChannelStatistics::kBins; ++i) {
      double count = channel.bins()[static_cast<std::size_t>(i)];
      if (i == ChannelStatistics::kBins / 2) count -= static_cast<double>(channel.zeros());
      if (count <= 0) continue;
      // Spread over the fine bins that the coarse one covers, as if it were filled evenly.
      const double begin = first + i * fine_per_coarse;
      const double end = begin + fine_per_coarse;
      for (int bin = std::clamp(static_cast<int>(begin), 0, kBins - 1); bin < kBins && bin < end; ++bin) {
        const double overlap = std::min<double>(end, bin + 1) - std::max<double>(begin, bin);
        if (overlap > 0) bins_[static_cast<std::size_t>(bin)] += count * overlap / fine_per_coarse;
      }
    }
  }
}

}  // namespace mantissa::quant
