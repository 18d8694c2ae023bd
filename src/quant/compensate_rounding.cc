#include "quant/compensate_rounding.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/threads.h"

namespace mantissa::quant {
namespace {

// Added to the diagonal, as a share of its mean: few samples leave directions that were hardly seen. The paper's value.
constexpr float kDamping = 0.01F;

using Matrix = Eigen::MatrixXf;

// The upper triangular U with U^T U = inverse of the damped moments, rows and columns in `order`; returned transposed, so that what row k of U does
// lies together in column k. With the order reversed, H = L L^T gives U as the reversed inverse of L: no inverse of H is needed.
Result<Matrix> factor_of_inverse(const PatchMoments& moments, const std::vector<int>& order) {
  const auto size = static_cast<Eigen::Index>(order.size());
  const auto at = [&](Eigen::Index i) { return order[static_cast<std::size_t>(size - 1 - i)]; };
  Matrix h(size, size);
  for (Eigen::Index i = 0; i < size; ++i)
    for (Eigen::Index j = 0; j <= i; ++j) {
      const auto [low, high] = std::minmax({at(i), at(j)});
      h(i, j) = h(j, i) = static_cast<float>(moments.mean(high, low));
    }
  const float mean = h.diagonal().mean();
  h.diagonal().array() += std::max(kDamping * mean, 1e-12F);
  const Eigen::LLT<Matrix> factor(h);
  if (factor.info() != Eigen::Success) return internal_error("the second moments of a layer's input are not positive definite");
  const Matrix inverse = factor.matrixL().solve(Matrix::Identity(size, size));
  return Matrix(inverse.reverse().transpose());
}

}  // namespace

Result<void> compensate_rounding(std::span<float> weights, std::span<const float> scales, int levels, const PatchMoments& moments) {
  const auto size = static_cast<std::size_t>(moments.window().size());
  std::vector<int> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return moments.mean(a, a) > moments.mean(b, b); });
  MANTISSA_ASSIGN(const Matrix by_rows, factor_of_inverse(moments, order));

  base::parallel_for(scales.size(), 1, [&](std::size_t begin, std::size_t end) {
    Eigen::VectorXf left(static_cast<Eigen::Index>(size));  // the weights of one output channel as they stand
    for (std::size_t o = begin; o < end; ++o) {
      float* row = &weights[o * size];
      for (std::size_t k = 0; k < size; ++k) left[static_cast<Eigen::Index>(k)] = row[order[k]];
      for (Eigen::Index k = 0; k < static_cast<Eigen::Index>(size); ++k) {
        const float level = std::clamp(std::nearbyint(left[k] / scales[o]), -static_cast<float>(levels), static_cast<float>(levels));
        const float rounded = level * scales[o];
        const float error = (left[k] - rounded) / by_rows(k, k);
        const Eigen::Index rest = static_cast<Eigen::Index>(size) - k - 1;
        left.tail(rest) -= error * by_rows.col(k).tail(rest);
        row[order[static_cast<std::size_t>(k)]] = rounded;
      }
    }
  });
  return {};
}

}  // namespace mantissa::quant
