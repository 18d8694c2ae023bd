#include "quant/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/for_each_processor.h"

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

// What lanes of the block hold; a comparison with NaN is false and an infinity fails the test, so there are no branches.
struct Lanes {
  float low[kLanes];
  float high[kLanes];
  float sums[kLanes] = {};
  std::uint32_t finite[kLanes] = {};
  std::uint32_t zeros[kLanes] = {};
};

MANTISSA_FOR_EACH_PROCESSOR void look_at(const float* elements, std::size_t count, Lanes& lanes) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < count; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float x = elements[i + lane];
      const bool is_finite = x <= kLargest && x >= -kLargest;
      lanes.low[lane] = is_finite && x < lanes.low[lane] ? x : lanes.low[lane];
      lanes.high[lane] = is_finite && x > lanes.high[lane] ? x : lanes.high[lane];
      lanes.sums[lane] += is_finite ? x : 0.0F;
      lanes.finite[lane] += is_finite ? 1U : 0U;
      lanes.zeros[lane] += x == 0.0F ? 1U : 0U;
    }
}

Extent extent_of(std::span<const float> block) {
  Lanes lanes;
  std::fill(std::begin(lanes.low), std::end(lanes.low), std::numeric_limits<float>::max());
  std::fill(std::begin(lanes.high), std::end(lanes.high), std::numeric_limits<float>::lowest());
  const std::size_t whole = block.size() / kLanes * kLanes;
  look_at(block.data(), whole, lanes);
  float rest[kLanes];  // what is left over, filled up with what counts nowhere
  std::fill(std::begin(rest), std::end(rest), std::numeric_limits<float>::quiet_NaN());
  std::copy(block.begin() + static_cast<std::ptrdiff_t>(whole), block.end(), std::begin(rest));
  if (whole < block.size()) look_at(rest, kLanes, lanes);
  return {*std::min_element(std::begin(lanes.low), std::end(lanes.low)), *std::max_element(std::begin(lanes.high), std::end(lanes.high)),
          std::accumulate(std::begin(lanes.sums), std::end(lanes.sums), 0.0),
          std::accumulate(std::begin(lanes.finite), std::end(lanes.finite), std::size_t{0}),
          std::accumulate(std::begin(lanes.zeros), std::end(lanes.zeros), std::size_t{0})};
}

// The bin of each element, all of them finite and within the reach.
MANTISSA_FOR_EACH_PROCESSOR void bins_of(const float* elements, std::size_t count, float to_bin, std::int32_t* bins) {
  constexpr float kHalf = ChannelStatistics::kBins / 2.0F;
  constexpr float kLast = ChannelStatistics::kBins - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const float position = elements[i] * to_bin + kHalf;
    bins[i] = static_cast<std::int32_t>(position < kLast ? position : kLast);
  }
}

// Counts into four histograms in turn: neighbouring elements often share a bin, and a counter that was just written is slow to read again.
void add_counts(std::span<const std::int32_t> bins, std::array<std::uint32_t, ChannelStatistics::kBins>& total) {
  std::array<std::array<std::uint32_t, ChannelStatistics::kBins>, 4> parts{};
  std::size_t i = 0;
  for (; i + 4 <= bins.size(); i += 4)
    for (std::size_t part = 0; part < 4; ++part) ++parts[part][static_cast<std::size_t>(bins[i + part])];
  for (; i < bins.size(); ++i) ++parts[0][static_cast<std::size_t>(bins[i])];
  for (std::size_t bin = 0; bin < total.size(); ++bin) total[bin] += parts[0][bin] + parts[1][bin] + parts[2][bin] + parts[3][bin];
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
    std::array<float, kBlock> finite;
    std::span<const float> counted = block;
    if (extent.finite != block.size()) {
      const auto end = std::copy_if(block.begin(), block.end(), finite.begin(),
                                    [](float x) { return std::fabs(x) <= std::numeric_limits<float>::max(); });
      counted = {finite.begin(), end};
    }
    std::array<std::int32_t, kBlock> bins;
    bins_of(counted.data(), counted.size(), to_bin, bins.data());
    add_counts(std::span(bins).first(counted.size()), bins_);
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
