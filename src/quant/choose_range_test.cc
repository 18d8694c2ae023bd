#include "quant/choose_range.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mantissa::quant {
namespace {

Histogram histogram_of(const std::vector<float>& numbers) {
  ChannelStatistics channel;
  channel.add(numbers);
  return Histogram(std::span(&channel, 1));
}

// Twenty million elements evenly between 0 and 1 and a single one at 2. Rounding counts once, clipping a thousand
// times, so the best upper end h minimises 20e6 (h / 255)^2 / 12 + 1000 (2 - h)^2: it lies between the crowd and the
// outlier.
TEST(ChooseRange, LeastSquaresWeighsRoundingAgainstClipping) {
  std::vector<float> crowd(1'000'000);
  for (std::size_t i = 0; i < crowd.size(); ++i)
    crowd[i] = (static_cast<float>(i) + 0.5F) / static_cast<float>(crowd.size());
  ChannelStatistics channel;
  for (int i = 0; i < 20; ++i) channel.add(crowd);
  channel.add(std::vector<float>{2.0F});
  const double best = 2 * 1000 / (1000 + 20e6 / (255.0 * 255.0) / 12);
  const ir::Quantization q = choose_range(Histogram(std::span(&channel, 1)), RangeMethod::least_squares);
  EXPECT_NEAR(255 * static_cast<double>(q.scales[0]), best, 0.02);
  EXPECT_EQ(q.zero_points[0], 0);
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
  const ir::Quantization q =
      choose_range(histogram_of({-1.0F, 0.5F}), RangeMethod::minimum_maximum, base::NumberFormat::int8);
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
