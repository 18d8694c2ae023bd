#include "quant/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include "base/test_random.h"

namespace mantissa::quant {
namespace {

TEST(ChannelStatistics, CountsEveryFiniteElement) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{0.0F, -1.5F, 2.0F, 0.0F, INFINITY, NAN, -INFINITY});
  EXPECT_EQ(channel.count(), 4U);
  EXPECT_EQ(channel.not_finite(), 3U);
  EXPECT_EQ(channel.minimum(), -1.5);
  EXPECT_EQ(channel.maximum(), 2.0);
  EXPECT_DOUBLE_EQ(channel.mean(), 0.125);
  EXPECT_EQ(std::accumulate(channel.bins().begin(), channel.bins().end(), 0U), 2U) << "exact zeros are in no bin";
}

// Few elements at a time are all counted.
TEST(ChannelStatistics, DoesNotDependOnTheOrder) {
  std::vector<float> numbers = base::normal_numbers(20000, 1, 3);
  const auto in_parts = [&](std::size_t length) {
    ChannelStatistics channel;
    for (std::size_t i = 0; i < numbers.size(); i += length) channel.add(std::span(numbers).subspan(i, length));
    return channel;
  };
  std::sort(numbers.begin(), numbers.end());
  const ChannelStatistics rising = in_parts(1000);
  std::reverse(numbers.begin(), numbers.end());
  const ChannelStatistics falling = in_parts(100);
  EXPECT_EQ(rising.bins(), falling.bins());
  EXPECT_EQ(rising.reach(), falling.reach());
  EXPECT_NEAR(rising.mean(), falling.mean(), 1e-5);
}

TEST(ChannelStatistics, APartOfManyElementsStandsForAll) {
  std::vector<float> numbers = base::normal_numbers(200003, 9, 1);
  const float largest = *std::max_element(numbers.begin(), numbers.end());
  numbers[77777] = NAN;
  numbers[123456] = 0;
  ChannelStatistics channel;
  channel.add(numbers);
  EXPECT_EQ(channel.count(), 200002U);
  EXPECT_EQ(channel.maximum(), largest);
  const auto& bins = channel.bins();
  EXPECT_NEAR(std::accumulate(bins.begin(), bins.end(), 0.0), 200000, 2000);
  const auto beyond = [&](double edge) {
    const auto first = static_cast<std::ptrdiff_t>((edge / channel.reach() + 1) * ChannelStatistics::kBins / 2);
    return std::accumulate(bins.begin() + first, bins.end(), 0.0);
  };
  EXPECT_NEAR(beyond(0.5), 0.3085 * 200000, 1000);
  constexpr double kExtreme = 3;  // beyond half of the largest: every one is counted
  EXPECT_EQ(beyond(kExtreme), std::count_if(numbers.begin(), numbers.end(), [](float x) { return x >= kExtreme; }));
}

TEST(ChannelStatistics, PutsElementsIntoTheirBins) {
  ChannelStatistics channel;
  // The last one doubles the reach to 128 and merges the bins of the others.
  channel.add(std::vector<float>{0.75F, -0.75F, 100.0F});
  ASSERT_EQ(channel.reach(), 128);
  const double width = 2.0 * 128 / ChannelStatistics::kBins;
  const auto bin_of = [&](double x) { return static_cast<std::size_t>(std::floor((x + 128) / width)); };
  EXPECT_EQ(channel.bins()[bin_of(0.75)], 1U);
  EXPECT_EQ(channel.bins()[bin_of(-0.75)], 1U);
  EXPECT_EQ(channel.bins()[bin_of(100)], 1U);
}

TEST(Histogram, JoinsChannelsOfDifferentReach) {
  ChannelStatistics narrow;
  ChannelStatistics wide;
  for (unsigned part = 0; part < 20; ++part) {  // few at a time, so that all are counted
    narrow.add(base::normal_numbers(500, 2 + part, 0.1F));
    wide.add(base::normal_numbers(500, 102 + part, 10));
  }
  const std::vector<ChannelStatistics> channels{narrow, wide};
  const Histogram histogram(channels);
  EXPECT_NEAR(std::accumulate(histogram.bins().begin(), histogram.bins().end(), 0.0), 20000, 1e-6);
  EXPECT_EQ(histogram.minimum(), wide.minimum());
  EXPECT_EQ(histogram.maximum(), wide.maximum());
  double squares = 0;
  for (int i = 0; i < Histogram::kBins; ++i)
    squares += histogram.bins()[static_cast<std::size_t>(i)] * std::pow(histogram.bin_centre(i), 2);
  EXPECT_NEAR(squares / 20000, (100 + 0.01) / 2, 2);  // the mean of the two variances
}

TEST(Histogram, LeavesOutExactZeros) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{0.0F, 0.0F, 0.0F, 1.0F});
  const Histogram histogram(std::span(&channel, 1));
  EXPECT_NEAR(std::accumulate(histogram.bins().begin(), histogram.bins().end(), 0.0), 1, 1e-9);
}

TEST(Histogram, KeepsNothingOfANarrowChannelBeyondItsReach) {
  ChannelStatistics narrow;
  narrow.add(base::normal_numbers(1000, 5, 1e-12F));
  ChannelStatistics wide;
  wide.add(std::vector<float>{-8.0F, 7.0F});
  const Histogram histogram(std::vector<ChannelStatistics>{narrow, wide});
  const auto in_the_middle = [](int bin) { return bin >= Histogram::kBins / 2 - 1 && bin <= Histogram::kBins / 2; };
  double middle = 0;
  double rest = 0;
  for (int i = 0; i < Histogram::kBins; ++i)
    (in_the_middle(i) ? middle : rest) += histogram.bins()[static_cast<std::size_t>(i)];
  EXPECT_NEAR(middle, 1000, 1e-9);
  EXPECT_NEAR(rest, 2, 1e-9);
}

TEST(ChannelStatistics, ScalesAsIfTheElementsHadBeen) {
  ChannelStatistics channel;
  channel.add(base::normal_numbers(1000, 4, 1));
  ChannelStatistics scaled = channel;
  scaled.scale(0.3);
  EXPECT_DOUBLE_EQ(scaled.maximum(), channel.maximum() * 0.3);
  EXPECT_DOUBLE_EQ(scaled.mean(), channel.mean() * 0.3);
  EXPECT_DOUBLE_EQ(scaled.reach(), channel.reach() * 0.3);
  EXPECT_EQ(scaled.bins(), channel.bins());
}

}  // namespace
}  // namespace mantissa::quant
