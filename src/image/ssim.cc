// Structural similarity: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
// structural similarity" (2004).
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "base/threads.h"
#include "image/metrics.h"

namespace mantissa::image {
namespace {

constexpr int kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kC1 = 0.01 * 0.01;  // (K1 L)^2 with L = 1
constexpr double kC2 = 0.03 * 0.03;

// Sums to 1. A side that is shorter than the window gets a window of its own length.
std::vector<double> gaussian(int side) {
  const int size = std::min(kWindow, side);
  std::vector<double> weights;
  double sum = 0;
  for (int i = 0; i < size; ++i) {
    const double distance = i - (size - 1) / 2.0;
    weights.push_back(std::exp(-distance * distance / (2 * kSigma * kSigma)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

// Weighted means of a, b, a*a, b*b and a*b, over the window's columns: one value for each x.
using Moments = std::array<std::vector<double>, 5>;

void filter_columns(const Picture& a, const Picture& b, int channel, int y, const std::vector<double>& weights,
                    Moments& moments) {
  for (auto& moment : moments) std::fill(moment.begin(), moment.end(), 0.0);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float* row_a = a.row(channel, y + static_cast<int>(i)).data();
    const float* row_b = b.row(channel, y + static_cast<int>(i)).data();
    const double weight = weights[i];
    for (std::size_t x = 0; x < moments[0].size(); ++x) {
      const double p = row_a[x], q = row_b[x];
      moments[0][x] += weight * p;
      moments[1][x] += weight * q;
      moments[2][x] += weight * (p * p);
      moments[3][x] += weight * (q * q);
      moments[4][x] += weight * (p * q);
    }
  }
}

double similarity(const std::array<double, 5>& m) {
  const double variance_a = m[2] - m[0] * m[0], variance_b = m[3] - m[1] * m[1], covariance = m[4] - m[0] * m[1];
  return ((2 * m[0] * m[1] + kC1) * (2 * covariance + kC2)) /
         ((m[0] * m[0] + m[1] * m[1] + kC1) * (variance_a + variance_b + kC2));
}

double sum_of_row(const Moments& moments, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t x = 0; x + weights.size() <= moments[0].size(); ++x) {
    std::array<double, 5> means{};
    for (std::size_t m = 0; m < means.size(); ++m) {
      for (std::size_t i = 0; i < weights.size(); ++i) means[m] += weights[i] * moments[m][x + i];
    }
    sum += similarity(means);
  }
  return sum;
}

}  // namespace

double ssim(const Picture& a, const Picture& b, int border) {
  assert(a.width == b.width && a.height == b.height && a.channels == b.channels);
  if (border > 0) {
    const Rectangle region{border, border, a.width - 2 * border, a.height - 2 * border};
    return ssim(crop(a, region), crop(b, region));
  }
  assert(a.width > 0 && a.height > 0 && a.channels > 0);
  const auto across = gaussian(a.width), down = gaussian(a.height);
  const std::size_t rows = static_cast<std::size_t>(a.height) - down.size() + 1;
  const std::size_t columns = static_cast<std::size_t>(a.width) - across.size() + 1;
  // Summed row by row, so that the value does not depend on the number of threads.
  std::vector<double> sums(rows, 0.0);
  base::parallel_for(rows, 16, [&](std::size_t begin, std::size_t end) {
    Moments moments;
    for (auto& moment : moments) moment.resize(static_cast<std::size_t>(a.width));
    for (std::size_t y = begin; y < end; ++y) {
      for (int channel = 0; channel < a.channels; ++channel) {
        filter_columns(a, b, channel, static_cast<int>(y), down, moments);
        sums[y] += sum_of_row(moments, across);
      }
    }
  });
  double sum = 0;
  for (const double row : sums) sum += row;
  return sum / (static_cast<double>(rows * columns) * a.channels);
}

}  // namespace mantissa::image
