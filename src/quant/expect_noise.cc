#include "quant/expect_noise.h"

#include <numeric>
#include <vector>

#include "quant/triangle.h"

namespace mantissa::quant {
namespace {

// A direction that few samples show is not one that pictures do not hold: without so many for each element of a patch,
// weights would lose what other pictures need.
constexpr double kSamplesOfElement = 4;

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
  std::vector<float> changes(weights.begin(), weights.end());
  for (float& change : changes) change *= noise;
  solve(factor, changes);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= changes[i];
}

}  // namespace mantissa::quant
