#include "quant/compensate_rounding.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "quant/triangle.h"

namespace mantissa::quant {
namespace {

// Added to the diagonal, as a share of its mean: few samples leave directions that were hardly seen. The paper's value.
constexpr float kDamping = 0.01F;

constexpr std::size_t kLanes = 16;    // output channels that are rounded side by side
constexpr std::size_t kPartials = 4;  // sums on the way at once: an addition need not wait for the one before

// With H = U^T U the squared error of an output channel is |U e|^2, where e are the errors of its weights. From the
// last weight up, each is rounded such that its component of U e is least, given the errors of those below it. The
// result is that of GPTQ (Chen et al. 2025, The Geometry of LLM Quantization), and no inverse of H is needed. `weights`
// and `errors` are [size][kLanes]; `errors` has room for kPartials more.
MANTISSA_FOR_EACH_PROCESSOR_FUSED void round_lanes(const float* factor, std::size_t stride, std::size_t size,
                                                   const float* scales, const GridRounding& round, float* weights,
                                                   float* errors) {
  for (std::size_t k = size; k-- > 0;) {
    const float* row = factor + k * stride;
    float sums[kPartials][kLanes] = {};
    for (std::size_t i = k + 1; i < size; i += kPartials)
      for (std::size_t p = 0; p < kPartials; ++p)
        MANTISSA_FOR_LANES (lane, kLanes) sums[p][lane] += row[i + p] * errors[(i + p) * kLanes + lane];
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float sum = sums[0][lane] + sums[1][lane] + sums[2][lane] + sums[3][lane];
      const float weight = weights[k * kLanes + lane];
      const float rounded = round((weight + sum / row[k]) / scales[lane]) * scales[lane];
      weights[k * kLanes + lane] = rounded;
      errors[k * kLanes + lane] = weight - rounded;
    }
  }
}

// The factor of the damped moments of the elements in that order.
Result<Triangle> factor_of(const PatchMoments& moments, const std::vector<int>& order) {
  Triangle factor = moments.means(order);
  float mean = 0;
  for (std::size_t i = 0; i < factor.size; ++i) mean += factor.row(i)[i] / static_cast<float>(factor.size);
  for (std::size_t i = 0; i < factor.size; ++i) factor.row(i)[i] += std::max(kDamping * mean, 1e-12F);
  if (!factor_cholesky(factor))
    return internal_error("the second moments of a layer's input are not positive definite");
  return factor;
}

// Up to kLanes output channels, the rows of weights one after another.
void round_channels(std::span<float> weights, std::span<const float> scales, const WeightGrid& grid,
                    const Triangle& factor, const std::vector<int>& order) {
  const std::size_t size = order.size();
  std::vector<float> lanes(size * kLanes, 0.0F);
  std::vector<float> errors((size + kPartials) * kLanes, 0.0F);
  std::vector<float> scale_of_lane(kLanes, 1.0F);
  std::copy(scales.begin(), scales.end(), scale_of_lane.begin());
  const auto weight = [&](std::size_t k, std::size_t lane) -> float& {
    return weights[lane * size + static_cast<std::size_t>(order[k])];
  };
  for (std::size_t lane = 0; lane < scales.size(); ++lane)
    for (std::size_t k = 0; k < size; ++k) lanes[k * kLanes + lane] = weight(k, lane);
  round_lanes(factor.elements.data(), factor.stride, size, scale_of_lane.data(), GridRounding(grid), lanes.data(),
              errors.data());
  for (std::size_t lane = 0; lane < scales.size(); ++lane)
    for (std::size_t k = 0; k < size; ++k) weight(k, lane) = lanes[k * kLanes + lane];
}

}  // namespace

Result<void> compensate_rounding(std::span<float> weights, std::span<const float> scales, const WeightGrid& grid,
                                 const PatchMoments& moments) {
  const auto size = static_cast<std::size_t>(moments.window().size());
  std::vector<int> order(size);  // the last one is rounded first
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return moments.mean(a, a) < moments.mean(b, b); });
  MANTISSA_ASSIGN(const Triangle factor, factor_of(moments, order));
  base::parallel_for((scales.size() + kLanes - 1) / kLanes, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t group = begin; group < end; ++group) {
      const std::size_t first = group * kLanes;
      const std::size_t count = std::min(kLanes, scales.size() - first);
      round_channels(weights.subspan(first * size, count * size), scales.subspan(first, count), grid, factor, order);
    }
  });
  return {};
}

}  // namespace mantissa::quant
