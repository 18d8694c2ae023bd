#include "quant/expect_noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace mantissa::quant {
namespace {

constexpr std::size_t kSize = 36, kOutputs = 20, kPatches = 2000;
constexpr float kNoise = 0.01F;  // variance

struct Layer {
  std::vector<float> patches, weights;
  PatchMoments moments{Window{.channels = kSize}};

  explicit Layer(std::size_t patches_seen = kPatches) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (std::size_t p = 0; p < kPatches; ++p) {  // neighbours are alike: some directions hold next to nothing
      float last = 0;
      for (std::size_t i = 0; i < kSize; ++i) patches.push_back(last = 0.98F * last + 0.2F * normal(random));
    }
    for (std::size_t i = 0; i < kOutputs * kSize; ++i) weights.push_back(normal(random));
    std::mt19937_64 positions(1);
    for (std::size_t p = 0; p < patches_seen; ++p)
      moments.add(std::vector<std::int64_t>{1, kSize, 1, 1}, std::span(patches).subspan(p * kSize, kSize), 1,
                  positions);
  }

  // Mean squared error of an output channel that sees noisy inputs, against `weights` without noise.
  double error(const std::vector<float>& used) const {
    double sum = 0;
    for (std::size_t o = 0; o < kOutputs; ++o) {
      for (std::size_t p = 0; p < kPatches; ++p) {
        double difference = 0;
        for (std::size_t i = 0; i < kSize; ++i)
          difference += (static_cast<double>(used[o * kSize + i]) - weights[o * kSize + i]) * patches[p * kSize + i];
        sum += difference * difference / kPatches;
      }
      for (std::size_t i = 0; i < kSize; ++i) sum += kNoise * used[o * kSize + i] * used[o * kSize + i];
    }
    return sum / kOutputs;
  }
};

TEST(ExpectNoise, LosesLessWhereInputsAreNoisy) {
  const Layer layer;
  std::vector<float> weights = layer.weights;
  expect_noise(weights, layer.moments, kNoise);
  EXPECT_LT(layer.error(weights), 0.8 * layer.error(layer.weights));
}

TEST(ExpectNoise, IsTheBestThereIs) {
  const Layer layer;
  std::vector<float> weights = layer.weights;
  expect_noise(weights, layer.moments, kNoise);
  const double least = layer.error(weights);
  for (const float step : {0.01F, -0.01F})
    for (std::size_t i = 0; i < weights.size(); i += 37) {
      std::vector<float> others = weights;
      others[i] += step;
      EXPECT_GT(layer.error(others), least) << i;
    }
}

TEST(ExpectNoise, LeavesWeightsAloneWhereFewPatchesWereSeen) {
  const Layer layer(8);
  std::vector<float> weights = layer.weights;
  expect_noise(weights, layer.moments, kNoise);
  EXPECT_EQ(weights, layer.weights);
}

TEST(ExpectNoise, LeavesWeightsAloneWithoutNoise) {
  const Layer layer;
  std::vector<float> weights = layer.weights;
  expect_noise(weights, layer.moments, 0);
  EXPECT_EQ(weights, layer.weights);
}

}  // namespace
}  // namespace mantissa::quant
