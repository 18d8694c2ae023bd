#include "quant/round_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/test_random.h"

namespace mantissa::quant {
namespace {

struct Rounded {
  std::vector<float> before;
  std::vector<float> after;
  ir::Quantization annotation;
};

Rounded rounded(std::vector<std::int64_t> shape, int axis, int levels) {
  std::mt19937 random(7);
  std::student_t_distribution<float> long_tailed(4);
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<float> weights(static_cast<std::size_t>(count));
  for (float& w : weights) w = 0.05F * long_tailed(random);
  const auto result = round_weights(ir::Tensor::of_floats(std::move(shape), weights), axis,
                                    {base::NumberFormat::int8, static_cast<float>(levels)});
  EXPECT_TRUE(result.ok());
  return {weights, result->values.floats().value(), result->annotation};
}

double squared_error(const Rounded& r) {
  double total = 0;
  for (std::size_t i = 0; i < r.before.size(); ++i) total += std::pow(static_cast<double>(r.after[i]) - r.before[i], 2);
  return total;
}

TEST(RoundWeights, PutsEveryWeightOnItsChannelsGrid) {
  for (const int levels : {127, 63}) {
    const Rounded r = rounded({6, 5, 3, 3}, 0, levels);
    ASSERT_EQ(r.annotation.scales.size(), 6U);
    EXPECT_EQ(r.annotation.axis, 0);
    for (std::size_t i = 0; i < r.after.size(); ++i) {
      const float level = r.after[i] / r.annotation.scales[i / 45];
      EXPECT_NEAR(level, std::nearbyint(level), 1e-3);
      EXPECT_LE(std::fabs(std::nearbyint(level)), levels);
    }
  }
}

TEST(RoundWeights, CountsChannelsAlongTheAxis) {
  const Rounded r = rounded({4, 9}, 1, 127);
  ASSERT_EQ(r.annotation.scales.size(), 9U);
  for (std::size_t i = 0; i < r.after.size(); ++i) {
    const float level = r.after[i] / r.annotation.scales[i % 9];
    EXPECT_NEAR(level, std::nearbyint(level), 1e-3);
  }
}

TEST(RoundWeights, BeatsTheScaleThatClipsNothing) {
  const Rounded r = rounded({2, 512}, 0, 7);  // few levels, long tails: clipping pays
  double plain = 0;
  for (std::size_t channel = 0; channel < 2; ++channel) {
    float largest = 0;
    for (std::size_t i = 0; i < 512; ++i) largest = std::max(largest, std::fabs(r.before[channel * 512 + i]));
    const float scale = largest / 7;
    for (std::size_t i = 0; i < 512; ++i) {
      const float w = r.before[channel * 512 + i];
      plain += std::pow(static_cast<double>(std::nearbyint(w / scale) * scale) - w, 2);
    }
  }
  EXPECT_LT(squared_error(r), 0.8 * plain);
}

TEST(RoundWeights, StaysWithinTheLimitOfPairs) {
  std::vector<float> weights = base::normal_numbers(8 * 6 * 9, 3);
  weights[0] = 5, weights[9] = 5;  // neighbours: the first channel's limit is the strictest there can be
  const ir::Tensor tensor = ir::Tensor::of_floats({8, 6, 3, 3}, weights);
  PairLimit limit{32767, std::vector<Reach>(6)};
  limit.inputs[2] = limit.inputs[3] = {0, 20};
  const auto free = round_weights(tensor, 0, WeightGrid{}, {.taps = 9});
  const auto within = round_weights(tensor, 0, WeightGrid{}, {.pair_limit = limit, .taps = 9});
  ASSERT_TRUE(free.ok() && within.ok());
  const auto largest = [&](const RoundedWeights& rounded, std::size_t channel) {
    std::vector<float> row = rounded.values.floats().value();
    row = {row.begin() + static_cast<std::ptrdiff_t>(channel * 54),
           row.begin() + static_cast<std::ptrdiff_t>((channel + 1) * 54)};
    for (float& weight : row) weight = std::nearbyint(weight / rounded.annotation.scales[channel]);
    return largest_pair_sum(row, 9, 0, limit);
  };
  EXPECT_GT(largest(*free, 0), 32767);
  for (std::size_t c = 0; c < 8; ++c) {
    EXPECT_LE(largest(*within, c), 32767) << c;
    EXPECT_GE(within->annotation.scales[c], free->annotation.scales[c]);
  }
  EXPECT_LT(within->annotation.scales[0], 2.2F * free->annotation.scales[0]) << "half the levels are always enough";
}

TEST(RoundWeights, KeepsZeros) {
  const auto result = round_weights(ir::Tensor::of_floats({1, 3}, {0, 0, 0}), 0, WeightGrid{});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->values.floats().value(), (std::vector<float>{0, 0, 0}));
  EXPECT_GT(result->annotation.scales[0], 0);
}

}  // namespace
}  // namespace mantissa::quant
