#include "quant/pair_sums.h"

#include <gtest/gtest.h>

namespace mantissa::quant {
namespace {

PairLimit limit_of(std::vector<Reach> inputs) { return {32767, std::move(inputs)}; }

TEST(LargestPairSum, AddsNeighbouringChannelsOfATap) {
  // Two taps: channel by channel {10, 1}, {20, 2}, {30, 3}.
  const std::vector<float> weights = {10, 1, 20, 2, 30, 3};
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 2, 0, limit_of({{0, 255}, {0, 255}, {0, 255}})), 255 * 50.0F);
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 2, 0, limit_of({{0, 255}, {0, 255}, {0, 10}})), 255 * 30.0F);
}

TEST(LargestPairSum, AddsTheEndOfATapToTheNextOne) {
  const std::vector<float> weights = {1, 40, 50, 2};  // tap 0: 1, 50; tap 1: 40, 2
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 2, 0, limit_of({{0, 100}, {0, 100}})), 100 * 90.0F);
}

TEST(LargestPairSum, TakesForEachSignWhatReachesFurthest) {
  const std::vector<float> weights = {100, -100};
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 1, 0, limit_of({{100, 200}, {100, 200}})), 100 * (200 - 100.0F));
  EXPECT_FLOAT_EQ(largest_pair_sum(std::vector<float>{-100, -50}, 1, 0, limit_of({{0, 255}, {0, 255}})), 255 * 150.0F);
}

TEST(LargestPairSum, CountsFromTheFirstChannelOfAGroup) {
  const std::vector<float> weights = {10, 10};
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 1, 2, limit_of({{0, 255}, {0, 255}, {0, 1}, {0, 2}})), 30);
}

TEST(LargestPairSum, GrowsByTheSlackOfBothWeights) {
  const std::vector<float> weights = {10, 10};
  EXPECT_FLOAT_EQ(largest_pair_sum(weights, 1, 0, limit_of({{0, 255}, {0, 255}}), 1.5F), 255 * 23.0F);
}

TEST(ReachOf, IsWhatWasSeenAndATenthBeyondWithinTheFormat) {
  ChannelStatistics channel;
  channel.add(std::vector<float>{-1, 9});
  const Reach reach = reach_of(channel, 0.1F, 50);
  EXPECT_FLOAT_EQ(reach.lowest, 50 - 20);
  EXPECT_FLOAT_EQ(reach.highest, 50 + 100);
  EXPECT_FLOAT_EQ(reach_of(channel, 0.01F, 50).highest, 255);
  EXPECT_FLOAT_EQ(reach_of(channel, 0.01F, 50).lowest, 0);
}

}  // namespace
}  // namespace mantissa::quant
