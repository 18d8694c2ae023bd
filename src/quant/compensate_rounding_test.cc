#include "quant/compensate_rounding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mantissa::quant {
namespace {

constexpr int kSize = 36;
constexpr int kOutputs = 8;
constexpr int kLevels = 7;  // few, so that rounding matters

// Patches as pictures have them: neighbours are alike.
std::vector<float> patches(float likeness, std::size_t count) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  std::vector<float> all(count * kSize);
  for (std::size_t p = 0; p < count; ++p) {
    float last = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      last = likeness * last + std::sqrt(1 - likeness * likeness) * normal(random);
      all[p * kSize + i] = last + 0.5F;
    }
  }
  return all;
}

PatchMoments moments_of(const std::vector<float>& all) {
  PatchMoments moments(Window{.channels = kSize});
  std::mt19937_64 random(1);
  for (std::size_t p = 0; p < all.size() / kSize; ++p)
    moments.add(std::vector<std::int64_t>{1, kSize, 1, 1}, std::span(all).subspan(p * kSize, kSize), 1, random);
  return moments;
}

std::vector<float> some_weights() {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.1F);
  std::vector<float> weights(static_cast<std::size_t>(kOutputs) * kSize);
  for (float& w : weights) w = normal(random);
  return weights;
}

// Of the outputs over the patches.
double squared_error(const std::vector<float>& all, const std::vector<float>& before, const std::vector<float>& after) {
  double total = 0;
  for (std::size_t p = 0; p < all.size(); p += kSize)
    for (std::size_t o = 0; o < kOutputs; ++o) {
      double difference = 0;
      for (std::size_t i = 0; i < kSize; ++i)
        difference += (static_cast<double>(after[o * kSize + i]) - before[o * kSize + i]) * all[p + i];
      total += difference * difference;
    }
  return total;
}

std::vector<float> to_nearest(std::vector<float> weights, float scale) {
  for (float& w : weights) w = std::clamp(std::nearbyint(w / scale), -1.0F * kLevels, 1.0F * kLevels) * scale;
  return weights;
}

struct Comparison {
  double nearest;
  double compensated;
};

Comparison compare(float likeness) {
  const std::vector<float> seen = patches(likeness, 400);
  const std::vector<float> others(seen.begin() + seen.size() / 2, seen.end());  // judged on what was not observed
  const PatchMoments moments = moments_of({seen.begin(), seen.begin() + seen.size() / 2});
  const std::vector<float> weights = some_weights();
  constexpr float kScale = 0.045F;
  std::vector<float> compensated = weights;
  EXPECT_TRUE(compensate_rounding(compensated, std::vector<float>(kOutputs, kScale), kLevels, moments).ok());
  return {squared_error(others, weights, to_nearest(weights, kScale)), squared_error(others, weights, compensated)};
}

TEST(CompensateRounding, BeatsTheNearestOnInputsThatAreAlike) {
  const Comparison errors = compare(0.95F);
  EXPECT_LT(errors.compensated, 0.3 * errors.nearest);
}

TEST(CompensateRounding, IsNotMuchWorseWhereThereIsNothingToGain) {
  const Comparison errors = compare(0.0F);
  EXPECT_LT(errors.compensated, 1.2 * errors.nearest);
}

TEST(CompensateRounding, KeepsToTheGridOfEachChannel) {
  std::vector<float> weights = some_weights();
  weights[3] = 5;  // far beyond the grid
  std::vector<float> scales;
  scales.reserve(kOutputs);
  for (int o = 0; o < kOutputs; ++o) scales.push_back(0.02F * static_cast<float>(o + 1));
  ASSERT_TRUE(compensate_rounding(weights, scales, kLevels, moments_of(patches(0.9F, 100))).ok());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float level = weights[i] / scales[i / kSize];
    EXPECT_NEAR(level, std::nearbyint(level), 1e-4) << i;
    EXPECT_LE(std::fabs(level), kLevels + 1e-4F) << i;
  }
}

TEST(CompensateRounding, ManagesInputsThatAreAlwaysZero) {
  std::vector<float> weights = some_weights();
  const std::vector<float> expected = to_nearest(weights, 0.05F);
  ASSERT_TRUE(compensate_rounding(weights, std::vector<float>(kOutputs, 0.05F), kLevels,
                                  moments_of(std::vector<float>(std::size_t{10} * kSize)))
                  .ok());
  EXPECT_EQ(weights, expected) << "without anything to go by, to the nearest";
}

}  // namespace
}  // namespace mantissa::quant
