#include "quant/choose_range.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mantissa::quant {
namespace {

double squared_error(const std::vector<float>& numbers, const ir::Quantization& q) {
  const double scale = q.scales[0];
  double total = 0;
  for (const float x : numbers) {
    const double level = std::clamp(std::nearbyint(x / scale) + q.zero_points[0], 0.0, 255.0);
    total += std::pow((level - q.zero_points[0]) * scale - x, 2);
  }
  return total;
}

Histogram histogram_of(const std::vector<float>& numbers) {
  ChannelStatistics channel;
  channel.add(numbers);
  return Histogram(std::span(&channel, 1));
}

TEST(ChooseRange, LeastSquaresBeatsTheExtremesOnLongTails) {
  std::mt19937 random(5);
  std::student_t_distribution<float> long_tailed(3);
  std::vector<float> numbers(50000);
  for (float& x : numbers) x = long_tailed(random);
  const Histogram histogram = histogram_of(numbers);
  const double least_squares = squared_error(numbers, choose_range(histogram, RangeMethod::least_squares));
  const double extremes = squared_error(numbers, choose_range(histogram, RangeMethod::minimum_maximum));
  EXPECT_LT(least_squares, 0.5 * extremes);
}

TEST(ChooseRange, LeastSquaresIsNearTheBestOfAllIntervals) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(20000);
  for (float& x : numbers) x = std::max(normal(random), 0.0F) * (normal(random) > 2 ? 4.0F : 1.0F);  // a Relu with outliers
  double best = INFINITY;
  const float highest = *std::max_element(numbers.begin(), numbers.end());
  for (int i = 1; i <= 200; ++i) best = std::min(best, squared_error(numbers, range_between(0, highest * static_cast<float>(i) / 200)));
  EXPECT_LT(squared_error(numbers, choose_range(histogram_of(numbers), RangeMethod::least_squares)), 1.05 * best);
}

TEST(ChooseRange, MinimumAndMaximumClipNothing) {
  const std::vector<float> numbers{-0.3F, 0.1F, 1.7F};
  const ir::Quantization q = choose_range(histogram_of(numbers), RangeMethod::minimum_maximum);
  EXPECT_LE(static_cast<float>(0 - q.zero_points[0]) * q.scales[0], -0.3F + q.scales[0]);
  EXPECT_GE(static_cast<float>(255 - q.zero_points[0]) * q.scales[0], 1.7F - q.scales[0]);
}

TEST(ChooseRange, AlwaysHoldsZero) {
  EXPECT_EQ(choose_range(histogram_of({2.0F, 3.0F}), RangeMethod::minimum_maximum).zero_points[0], 0);
  EXPECT_EQ(choose_range(histogram_of({-2.0F, -3.0F}), RangeMethod::minimum_maximum).zero_points[0], 255);
}

TEST(ChooseRange, NeverHasAnEmptyInterval) {
  for (const RangeMethod method : {RangeMethod::minimum_maximum, RangeMethod::least_squares}) {
    const ir::Quantization q = choose_range(histogram_of({0.0F, 0.0F}), method);
    EXPECT_GT(q.scales[0], 0);
    EXPECT_TRUE(std::isfinite(q.scales[0]));
  }
}

TEST(ChooseRange, SymmetricFormatsHaveTheirZeroInTheMiddle) {
  const ir::Quantization q = choose_range(histogram_of({-1.0F, 0.5F}), RangeMethod::minimum_maximum, base::NumberFormat::int8);
  EXPECT_EQ(q.format, base::NumberFormat::int8);
  EXPECT_EQ(q.zero_points[0], 0);
  EXPECT_FLOAT_EQ(q.scales[0], 1.0F / 127);
}

TEST(RangeBetween, HoldsAnEightBitPictureExactly) {
  const ir::Quantization q = range_between(0, 1);
  for (int level = 0; level < 256; ++level) {
    const float pixel = static_cast<float>(level) / 255;
    EXPECT_EQ(std::nearbyint(pixel / q.scales[0]), level);
  }
}

}  // namespace
}  // namespace mantissa::quant
