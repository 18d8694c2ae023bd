#include "quant/histogram.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/for_each_processor.h"
#include "base/threads.h"

namespace mantissa::quant {
namespace {

constexpr std::size_t kBlock =
    16384;                          // elements looked at several times while in the cache; short enough for float sums
constexpr std::size_t kLanes = 16;  // independent partial results, which a compiler keeps in vectors
// Of pieces of kLanes elements that hold nothing extreme, one in so many is counted, and counts as often: the bulk of a
// value is known from a part of it as well. What is extreme is rare, decides where a range should end, and is counted
// in full, as are values with few elements.
constexpr std::uint32_t kOneIn = 8;
constexpr std::size_t kFew = 1024;
constexpr float kExtreme = 0.5F;  // of the extremes of the channel so far

// Less than a vector, filled up with what counts nowhere.
std::array<float, kLanes> filled_up(std::span<const float> rest) {
  std::array<float, kLanes> lanes;
  lanes.fill(std::numeric_limits<float>::quiet_NaN());
  std::copy(rest.begin(), rest.end(), lanes.begin());
  return lanes;
}

struct Extent {
  float minimum = std::numeric_limits<float>::max();
  float maximum = std::numeric_limits<float>::lowest();
  double sum = 0;
  std::size_t finite = 0;
};

// What lanes of the block hold; NaN and infinities fail the test, so there are no branches.
struct Lanes {
  float low[kLanes];
  float high[kLanes];
  float sums[kLanes] = {};
  std::uint32_t finite[kLanes] = {};
};

MANTISSA_FOR_EACH_PROCESSOR void look_at(const float* elements, std::size_t count, Lanes& result) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  Lanes lanes = result;
  for (std::size_t i = 0; i < count; i += kLanes)
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float x = elements[i + lane];
      const bool is_finite = __builtin_fabsf(x) <= kLargest;
      const float low = is_finite ? x : kLargest;
      const float high = is_finite ? x : -kLargest;
      lanes.low[lane] = low < lanes.low[lane] ? low : lanes.low[lane];
      lanes.high[lane] = high > lanes.high[lane] ? high : lanes.high[lane];
      lanes.sums[lane] += is_finite ? x : 0.0F;
      lanes.finite[lane] += is_finite ? 1U : 0U;
    }
  result = lanes;
}

Extent extent_of(std::span<const float> block) {
  Lanes lanes;
  std::fill(std::begin(lanes.low), std::end(lanes.low), std::numeric_limits<float>::max());
  std::fill(std::begin(lanes.high), std::end(lanes.high), std::numeric_limits<float>::lowest());
  const std::size_t whole = block.size() / kLanes * kLanes;
  look_at(block.data(), whole, lanes);
  if (whole < block.size()) look_at(filled_up(block.subspan(whole)).data(), kLanes, lanes);
  return {*std::min_element(std::begin(lanes.low), std::end(lanes.low)),
          *std::max_element(std::begin(lanes.high), std::end(lanes.high)),
          std::accumulate(std::begin(lanes.sums), std::end(lanes.sums), 0.0),
          std::accumulate(std::begin(lanes.finite), std::end(lanes.finite), std::size_t{0})};
}

}  // namespace

double largest_magnitude_of(std::span<const float> elements) {
  constexpr std::size_t kGrain = 1 << 16;
  std::atomic<float> largest = 0;
  base::parallel_for(elements.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    const std::span<const float> part = elements.subspan(begin, end - begin);
    const Extent extent = extent_of(part);
    float own = std::max(-extent.minimum, extent.maximum);
    if (extent.finite < part.size()) own = std::numeric_limits<float>::infinity();
    float before = largest;
    while (own > before && !largest.compare_exchange_weak(before, own)) {
    }
  });
  return static_cast<double>(largest);
}

namespace {

constexpr std::size_t kChannelBins = ChannelStatistics::kBins;
// The last one takes what is not counted: exact zeros, and what is not finite.
using Counts = std::array<std::uint32_t, kChannelBins + 1>;
using Places = std::array<std::uint32_t, kBlock / kLanes>;  // of the first elements of pieces

// Whether each piece has an element beyond [low, high].
MANTISSA_FOR_EACH_PROCESSOR void find_extremes(const float* elements, std::size_t pieces, float low, float high,
                                               std::uint32_t* found) {
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    std::uint32_t any = 0;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float x = elements[piece * kLanes + lane];
      any |= ((x < low) | (x > high)) ? 1U : 0U;
    }
    found[piece] = any;
  }
}

// The bins of the elements of pieces; what is finite is within the reach.
MANTISSA_FOR_EACH_PROCESSOR void bins_of(const float* elements, const std::uint32_t* starts, std::size_t pieces,
                                         float to_bin, std::int32_t* bins) {
  constexpr float kHalf = kChannelBins / 2.0F;
  constexpr float kLast = kChannelBins - 1;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const float* from = elements + starts[piece];
    std::int32_t* to = bins + piece * kLanes;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float x = from[lane];
      const float position = x * to_bin + kHalf;
      const float bin = position < kLast ? position : kLast;
      const bool counts = (position >= 0) & (position <= kChannelBins) & (x != 0.0F);
      to[lane] = static_cast<std::int32_t>(counts ? bin : kChannelBins);
    }
  }
}

// Counts into four histograms in turn: neighbouring elements often share a bin, and a counter that was just written is
// slow to read again.
void count_pieces(const float* elements, std::span<const std::uint32_t> starts, float to_bin, std::uint32_t weight,
                  std::array<Counts, 4>& parts) {
  std::array<std::int32_t, kBlock> bins;
  bins_of(elements, starts.data(), starts.size(), to_bin, bins.data());
  for (std::size_t i = 0; i < starts.size() * kLanes; i += 4)
    for (std::size_t part = 0; part < 4; ++part) parts[part][static_cast<std::size_t>(bins[i + part])] += weight;
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
    reach_out(std::max(std::fabs(static_cast<double>(extent.minimum)), std::fabs(static_cast<double>(extent.maximum))));
    add_to_bins(block, elements.size() < kFew);
  }
}

void ChannelStatistics::add_to_bins(std::span<const float> block, bool in_full) {
  const std::size_t whole = block.size() / kLanes;
  Places extreme;
  find_extremes(block.data(), whole, kExtreme * static_cast<float>(minimum_), kExtreme * static_cast<float>(maximum_),
                extreme.data());
  Places full;
  Places part;
  std::size_t full_count = 0;
  std::size_t part_count = 0;
  for (std::uint32_t piece = 0; piece < whole; ++piece) {
    // A scattered order (Knuth's multiplicative hashing), which falls into step with no width of a picture.
    const bool chosen = piece * 2654435769U < std::numeric_limits<std::uint32_t>::max() / kOneIn;
    const bool wanted = in_full || extreme[piece] != 0;
    full[full_count] = part[part_count] = piece * kLanes;  // stays where the count grows: no branches
    full_count += wanted ? 1 : 0;
    part_count += chosen && !wanted ? 1 : 0;
  }
  const auto to_bin = static_cast<float>(kBins / (2.0 * reach_));
  std::array<Counts, 4> parts{};
  count_pieces(block.data(), std::span(full).first(full_count), to_bin, 1, parts);
  count_pieces(block.data(), std::span(part).first(part_count), to_bin, kOneIn, parts);
  constexpr std::uint32_t kFirst = 0;
  if (whole * kLanes < block.size())
    count_pieces(filled_up(block.subspan(whole * kLanes)).data(), {&kFirst, 1}, to_bin, 1, parts);
  for (std::size_t bin = 0; bin < kChannelBins; ++bin)
    bins_[bin] += parts[0][bin] + parts[1][bin] + parts[2][bin] + parts[3][bin];
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
  // A coarse bin is spread over the fine bins that it covers, as if it were filled evenly: what it gives to the first
  // and the last goes there at once, the density of those between is noted where it begins and ends, for one running
  // sum.
  std::vector<double> changes(kBins + 1, 0.0);
  const auto spread = [&](double begin, double end, double count) {
    const auto first = static_cast<std::size_t>(std::clamp<double>(begin, 0, kBins - 1));
    const auto last = static_cast<std::size_t>(std::clamp<double>(end, 0, kBins - 1));
    if (first == last) {
      bins_[first] += count;
      return;
    }
    const double density = count / (end - begin);
    bins_[first] += density * (static_cast<double>(first) + 1 - begin);
    changes[first + 1] += density;
    changes[last] -= density;
    bins_[last] += density * (end - static_cast<double>(last));
  };
  for (const ChannelStatistics& channel : channels) {
    const double fine_per_coarse = channel.reach() / reach_ * kBins / ChannelStatistics::kBins;
    const double first = kBins / 2.0 * (1 - channel.reach() / reach_);
    for (int i = 0; i < ChannelStatistics::kBins; ++i)
      if (const std::uint32_t count = channel.bins()[static_cast<std::size_t>(i)]; count != 0)
        spread(first + i * fine_per_coarse, first + (i + 1) * fine_per_coarse, count);
  }
  double density = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    density += changes[bin];
    bins_[bin] += std::max(density, 0.0);  // what is left of differences may be below zero
  }
}

}  // namespace mantissa::quant
