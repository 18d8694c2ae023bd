#include "quant/expect_noise.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "quant/triangle.h"

namespace mantissa::quant {
namespace {

constexpr std::size_t kLanes = 16;  // output channels that are solved side by side
// A direction that few samples show is not one that pictures do not hold: without so many for each element of a patch,
// weights would lose what other pictures need.
constexpr double kSamplesOfElement = 4;

// Solves U^T U x = b for kLanes right sides at once, in place: `values` is [size][kLanes].
MANTISSA_FOR_EACH_PROCESSOR_FUSED void solve_lanes(const float* factor, std::size_t stride, std::size_t size,
                                                   float* values) {
  for (std::size_t k = 0; k < size; ++k) {
    const float* row = factor + k * stride;
    float* own = values + k * kLanes;
    MANTISSA_FOR_LANES (lane, kLanes) own[lane] /= row[k];
    for (std::size_t j = k + 1; j < size; ++j)
      MANTISSA_FOR_LANES (lane, kLanes) values[j * kLanes + lane] -= row[j] * own[lane];
  }
  for (std::size_t k = size; k-- > 0;) {
    const float* row = factor + k * stride;
    float sums[kLanes] = {};
    for (std::size_t j = k + 1; j < size; ++j)
      MANTISSA_FOR_LANES (lane, kLanes) sums[lane] += row[j] * values[j * kLanes + lane];
    MANTISSA_FOR_LANES (lane, kLanes) values[k * kLanes + lane] = (values[k * kLanes + lane] - sums[lane]) / row[k];
  }
}

}  // namespace

void expect_noise(std::span<float> weights, const PatchMoments& moments, float noise) {
  const auto size = static_cast<std::size_t>(moments.window().size());
  if (moments.samples() < kSamplesOfElement * static_cast<double>(size)) return;
  std::vector<int> order(size);
  std::iota(order.begin(), order.end(), 0);
  Triangle factor = moments.means(order);
  for (std::size_t i = 0; i < size; ++i) factor.row(i)[i] += noise;
  // In binary32 the sum may have lost its smallest part: then the noise is too small to matter.
  if (!factor_cholesky(factor)) return;
  const std::size_t channels = weights.size() / size;
  base::parallel_for((channels + kLanes - 1) / kLanes, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t group = begin; group < end; ++group) {
      const std::size_t first = group * kLanes, count = std::min(kLanes, channels - first);
      std::vector<float> values(size * kLanes, 0.0F);
      const auto weight = [&](std::size_t lane, std::size_t i) -> float& { return weights[(first + lane) * size + i]; };
      for (std::size_t lane = 0; lane < count; ++lane)
        for (std::size_t i = 0; i < size; ++i) values[i * kLanes + lane] = noise * weight(lane, i);
      solve_lanes(factor.elements.data(), factor.stride, size, values.data());
      for (std::size_t lane = 0; lane < count; ++lane)
        for (std::size_t i = 0; i < size; ++i) weight(lane, i) -= values[i * kLanes + lane];
    }
  });
}

}  // namespace mantissa::quant
