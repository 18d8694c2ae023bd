#include "quant/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace mantissa::quant {
namespace {

std::vector<float> normal_numbers(std::size_t count, float sigma, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, sigma);
  std::vector<float> numbers(count);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

TEST(ChannelStatistics, CountsEveryFiniteElement) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{0.0F, -1.5F, 2.0F, 0.0F, INFINITY, NAN, -INFINITY});
  EXPECT_EQ(channel.count(), 4U);
  EXPECT_EQ(channel.zeros(), 2U);
  EXPECT_EQ(channel.not_finite(), 3U);
  EXPECT_EQ(channel.minimum(), -1.5);
  EXPECT_EQ(channel.maximum(), 2.0);
  EXPECT_DOUBLE_EQ(channel.mean(), 0.125);
  EXPECT_EQ(std::accumulate(channel.bins().begin(), channel.bins().end(), 0U), 4U);
}

TEST(ChannelStatistics, DoesNotDependOnTheOrder) {
  std::vector<float> numbers = normal_numbers(20000, 3, 1);
  ChannelStatistics rising;
  std::sort(numbers.begin(), numbers.end());
  rising.add(numbers);
  ChannelStatistics falling;
  std::reverse(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i < numbers.size(); i += 100) falling.add(std::span(numbers).subspan(i, 100));
  EXPECT_EQ(rising.bins(), falling.bins());
  EXPECT_EQ(rising.reach(), falling.reach());
  EXPECT_NEAR(rising.mean(), falling.mean(), 1e-5);
}

TEST(ChannelStatistics, PutsElementsIntoTheirBins) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{0.75F, -0.75F, 100.0F});  // the last one doubles the reach to 128 and merges the bins of the others
  ASSERT_EQ(channel.reach(), 128);
  const double width = 2.0 * 128 / ChannelStatistics::kBins;
  const auto bin_of = [&](double x) { return static_cast<std::size_t>(std::floor((x + 128) / width)); };
  EXPECT_EQ(channel.bins()[bin_of(0.75)], 1U);
  EXPECT_EQ(channel.bins()[bin_of(-0.75)], 1U);
  EXPECT_EQ(channel.bins()[bin_of(100)], 1U);
}

TEST(Histogram, JoinsChannelsOfDifferentReach) {
  ChannelStatistics narrow;
  narrow.add(normal_numbers(10000, 0.1F, 2));
  ChannelStatistics wide;
  wide.add(normal_numbers(10000, 10, 3));
  const std::vector<ChannelStatistics> channels{narrow, wide};
  const Histogram histogram(channels);
  EXPECT_NEAR(std::accumulate(histogram.bins().begin(), histogram.bins().end(), 0.0), 20000, 1e-6);
  EXPECT_EQ(histogram.minimum(), wide.minimum());
  EXPECT_EQ(histogram.maximum(), wide.maximum());
  double squares = 0;
  for (int i = 0; i < Histogram::kBins; ++i) squares += histogram.bins()[static_cast<std::size_t>(i)] * std::pow(histogram.bin_centre(i), 2);
  EXPECT_NEAR(squares / 20000, (100 + 0.01) / 2, 2);  // the mean of the two variances
}

TEST(Histogram, LeavesOutExactZeros) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{0.0F, 0.0F, 0.0F, 1.0F});
  const Histogram histogram(std::span(&channel, 1));
  EXPECT_NEAR(std::accumulate(histogram.bins().begin(), histogram.bins().end(), 0.0), 1, 1e-9);
}

TEST(ChannelStatistics, ScalesAsIfTheElementsHadBeen) {
  ChannelStatistics channel;
  channel.add(normal_numbers(1000, 1, 4));
  ChannelStatistics scaled = channel;
  scaled.scale(0.3);
  EXPECT_DOUBLE_EQ(scaled.maximum(), channel.maximum() * 0.3);
  EXPECT_DOUBLE_EQ(scaled.mean(), channel.mean() * 0.3);
  EXPECT_DOUBLE_EQ(scaled.reach(), channel.reach() * 0.3);
  EXPECT_EQ(scaled.bins(), channel.bins());
}

}  // namespace
}  // namespace mantissa::quant
