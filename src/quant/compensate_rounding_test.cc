#include "quant/compensate_rounding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/test_random.h"

namespace mantissa::quant {
namespace {

constexpr int kSize = 36;
constexpr int kOutputs = 8;
constexpr int kLevels = 7;  // few, so that rounding matters
constexpr WeightGrid kGrid{base::NumberFormat::int8, kLevels};

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

std::vector<float> some_weights() { return base::normal_numbers(std::size_t{kOutputs} * kSize, 5, 0.1F); }

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
  EXPECT_TRUE(compensate_rounding(compensated, std::vector<float>(kOutputs, kScale), kGrid, moments).ok());
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
  ASSERT_TRUE(compensate_rounding(weights, scales, kGrid, moments_of(patches(0.9F, 100))).ok());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float level = weights[i] / scales[i / kSize];
    EXPECT_NEAR(level, std::nearbyint(level), 1e-4) << i;
    EXPECT_LE(std::fabs(level), kLevels + 1e-4F) << i;
  }
}

TEST(CompensateRounding, ManagesInputsThatAreAlwaysZero) {
  std::vector<float> weights = some_weights();
  const std::vector<float> expected = to_nearest(weights, 0.05F);
  ASSERT_TRUE(compensate_rounding(weights, std::vector<float>(kOutputs, 0.05F), kGrid,
                                  moments_of(std::vector<float>(std::size_t{10} * kSize)))
                  .ok());
  EXPECT_EQ(weights, expected) << "without anything to go by, to the nearest";
}

// The method as its paper has it, in double precision: what is not rounded yet moves along the inverse of the moments.
std::vector<double> as_in_the_paper(const std::vector<float>& weights, float scale, const PatchMoments& moments) {
  constexpr std::size_t n = kSize;
  std::vector<double> h(n * n), inverse(n * n, 0.0);
  double damping = 0;
  for (int i = 0; i < kSize; ++i) damping += 0.01 * moments.mean(i, i) / kSize;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) h[i * n + j] = moments.mean(static_cast<int>(i), static_cast<int>(j));
    h[i * n + i] += damping;
    inverse[i * n + i] = 1;
  }
  for (std::size_t k = 0; k < n; ++k) {  // Gauss and Jordan
    const double pivot = h[k * n + k];
    for (std::size_t j = 0; j < n; ++j) h[k * n + j] /= pivot, inverse[k * n + j] /= pivot;
    for (std::size_t i = 0; i < n; ++i) {
      const double multiple = h[i * n + k];
      for (std::size_t j = 0; i != k && j < n; ++j)
        h[i * n + j] -= multiple * h[k * n + j], inverse[i * n + j] -= multiple * inverse[k * n + j];
    }
  }
  std::vector<double> left(weights.begin(), weights.end());
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return moments.mean(static_cast<int>(a), static_cast<int>(a)) >
           moments.mean(static_cast<int>(b), static_cast<int>(b));
  });
  for (const std::size_t k : order) {
    const double before = left[k];
    left[k] = scale * std::clamp(std::nearbyint(before / scale), -1.0 * kLevels, 1.0 * kLevels);
    const double error = (before - left[k]) / inverse[k * n + k];
    const std::vector<double> column = [&] {
      std::vector<double> values;
      for (std::size_t i = 0; i < n; ++i) values.push_back(inverse[i * n + k]);
      return values;
    }();
    for (std::size_t i = 0; i < n; ++i) {  // what was rounded has zeros there
      if (i != k) left[i] -= error * column[i];
      for (std::size_t j = 0; j < n; ++j) inverse[i * n + j] -= column[i] * column[j] / column[k];
    }
  }
  return left;
}

constexpr std::size_t kBlock = 16;
constexpr std::size_t kBlocks = 3;  // the last of 4
constexpr WeightGrid kGridInBlocks{base::NumberFormat::int4, 7, kBlock};

TEST(CompensateRoundingInBlocks, KeepsToTheGridOfEachBlock) {
  const std::vector<float> seen = patches(0.9F, 300);
  const PatchMoments moments = moments_of(seen);
  for (const PatchMoments* given : {&moments, static_cast<const PatchMoments*>(nullptr)}) {
    std::vector<float> weights = some_weights();
    weights[0] = 5;  // far beyond the others: its block alone has large steps
    const std::vector<float> before = weights;
    const auto scales = compensate_rounding_in_blocks(weights, kSize, kGridInBlocks, given);
    ASSERT_TRUE(scales.ok());
    ASSERT_EQ(scales->size(), kOutputs * kBlocks);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const float scale = scales->at(i / kSize * kBlocks + i % kSize / kBlock);
      const float level = weights[i] / scale;
      EXPECT_NEAR(level, std::nearbyint(level), 1e-4) << i;
      EXPECT_LE(level, 7 + 1e-4F) << i;
      EXPECT_GE(level, -8 - 1e-4F) << i;
      if (given == nullptr && i >= kBlock) {
        EXPECT_NEAR(weights[i], before[i], 1.1F * scale) << i;
      }
    }
    EXPECT_GT(scales->at(0), 8 * scales->at(1));
  }
}

TEST(CompensateRoundingInBlocks, BeatsTheBestScalesOfWeightsAlone) {
  const std::vector<float> seen = patches(0.9F, 400);
  const std::vector<float> others(seen.begin() + seen.size() / 2, seen.end());  // judged on what was not observed
  const PatchMoments moments = moments_of({seen.begin(), seen.begin() + seen.size() / 2});
  const std::vector<float> weights = some_weights();
  std::vector<float> compensated = weights, alone = weights;
  ASSERT_TRUE(compensate_rounding_in_blocks(compensated, kSize, kGridInBlocks, &moments).ok());
  ASSERT_TRUE(compensate_rounding_in_blocks(alone, kSize, kGridInBlocks, nullptr).ok());
  EXPECT_LT(squared_error(others, weights, compensated), 0.4 * squared_error(others, weights, alone));
}

TEST(CompensateRoundingInBlocks, ManagesWeightsThatAreZero) {
  std::vector<float> weights(std::size_t{kOutputs} * kSize);
  const auto scales = compensate_rounding_in_blocks(weights, kSize, kGridInBlocks, nullptr);
  ASSERT_TRUE(scales.ok());
  EXPECT_EQ(weights, std::vector<float>(weights.size()));
  for (const float scale : *scales) EXPECT_GT(scale, 0);
}

TEST(CompensateRounding, IsTheMethodOfThePaper) {
  constexpr float kScale = 0.045F;
  const PatchMoments moments = moments_of(patches(0.9F, 300));
  const std::vector<float> weights = some_weights();
  std::vector<float> ours = weights;
  ASSERT_TRUE(compensate_rounding(ours, std::vector<float>(kOutputs, kScale), kGrid, moments).ok());
  for (std::size_t o = 0; o < kOutputs; ++o) {
    const auto first = weights.begin() + static_cast<std::ptrdiff_t>(o * kSize);
    const std::vector<double> theirs = as_in_the_paper({first, first + kSize}, kScale, moments);
    for (std::size_t i = 0; i < kSize; ++i) EXPECT_NEAR(ours[o * kSize + i], theirs[i], 1e-6) << o << ' ' << i;
  }
}

}  // namespace
}  // namespace mantissa::quant
