#include "quant/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

#include "base/threads.h"

namespace mantissa::quant {
namespace {

constexpr std::size_t kGrain = 1 << 15;  // elements a thread takes at a time: enough to pay for clearing a local histogram

struct Extent {
  float minimum = INFINITY;
  float maximum = -INFINITY;
};

// NaN fails both comparisons and infinities are dropped by the range, so the loop has no branches and vectorises.
Extent extent_of(std::span<const float> values) {
  Extent extent;
  for (const float v : values) {
    const bool finite = std::fabs(v) <= 3.4028234663852886e38F;
    extent.minimum = finite && v < extent.minimum ? v : extent.minimum;
    extent.maximum = finite && v > extent.maximum ? v : extent.maximum;
  }
  return extent;
}

struct Local {
  std::array<std::uint32_t, Histogram::kBins> bins{};
  std::uint64_t zeros = 0;
  std::uint64_t not_finite = 0;
};

}  // namespace

void Histogram::reach_out(double to) {
  double reach = reach_ > 0 ? reach_ : std::exp2(std::ceil(std::log2(std::max(to, 1e-30))));
  if (bins_.empty()) bins_.assign(kBins, 0);
  while (reach <= to) {
    if (reach_ > 0) {
      std::vector<std::uint64_t> merged(kBins, 0);
      for (int i = 0; i < kBins; ++i) merged[static_cast<std::size_t>((kBins / 2 + i) / 2)] += bins_[static_cast<std::size_t>(i)];
      bins_ = std::move(merged);
    }
    reach *= 2;
  }
  reach_ = reach;
}

void Histogram::add(std::span<const float> values) {
  std::mutex mutex;
  Extent extent;
  base::parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    const Extent part = extent_of(values.subspan(begin, end - begin));
    const std::lock_guard lock(mutex);
    extent.minimum = std::min(extent.minimum, part.minimum);
    extent.maximum = std::max(extent.maximum, part.maximum);
  });
  if (extent.minimum > extent.maximum) {  // nothing finite
    not_finite_ += values.size();
    return;
  }
  minimum_ = count_ == 0 ? extent.minimum : std::min(minimum_, extent.minimum);
  maximum_ = count_ == 0 ? extent.maximum : std::max(maximum_, extent.maximum);
  reach_out(std::max(std::fabs(static_cast<double>(extent.minimum)), std::fabs(static_cast<double>(extent.maximum))));

  const auto scale = static_cast<float>(kBins / (2.0 * reach_));
  base::parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    thread_local Local local;
    local = {};
    for (std::size_t i = begin; i < end; ++i) {
      const float v = values[i];
      local.zeros += v == 0.0F;
      const bool finite = std::fabs(v) <= 3.4028234663852886e38F;
      local.not_finite += !finite;
      const int bin = finite ? static_cast<int>(v * scale + kBins / 2.0F) : 0;
      local.bins[static_cast<std::size_t>(std::min(bin, kBins - 1))] += finite;
    }
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < kBins; ++i) bins_[i] += local.bins[i];
    zeros_ += local.zeros;
    not_finite_ += local.not_finite;
    count_ += (end - begin) - local.not_finite;
  });
}

}  // namespace mantissa::quant
