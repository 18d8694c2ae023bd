#include "quant/fit_levels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/test_random.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;

std::vector<float> random_tile(std::size_t rows, unsigned seed) {
  return base::normal_numbers(rows * kTileColumns, seed);
}

double squared_error(const std::vector<float>& values, const std::vector<std::int8_t>& levels,
                     const std::vector<float>& scales) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += std::pow(static_cast<double>(scales[i % kTileColumns]) * levels[i] - static_cast<double>(values[i]), 2);
  return sum;
}

struct Fitted {
  std::vector<float> scales = std::vector<float>(kTileColumns);
  std::vector<std::int8_t> levels;
};

Fitted fit(std::vector<float>& values, NumberFormat format) {
  Fitted fitted;
  fitted.levels.resize(values.size());
  const Tile tile{values.data(), values.size() / kTileColumns};
  EXPECT_TRUE(fit_scales(tile, levels_of(format), fitted.scales.data()));
  round_to_levels(tile, levels_of(format), fitted.scales.data(), fitted.levels.data());
  return fitted;
}

// The largest magnitude at the end of the range, as most tools have it.
Fitted by_largest(std::vector<float>& values, NumberFormat format) {
  Fitted fitted;
  fitted.levels.resize(values.size());
  std::fill(fitted.scales.begin(), fitted.scales.end(), 0.0F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    float& scale = fitted.scales[i % kTileColumns];
    scale = std::max(scale, std::fabs(values[i]) / levels_of(format).highest);
  }
  round_to_levels({values.data(), values.size() / kTileColumns}, levels_of(format), fitted.scales.data(),
                  fitted.levels.data());
  return fitted;
}

TEST(FitScales, LosesLessThanTheLargestMagnitude) {
  for (const std::size_t rows : {32, 64, 128}) {
    std::vector<float> values = random_tile(rows, 1);
    const Fitted least = fit(values, NumberFormat::int4), plain = by_largest(values, NumberFormat::int4);
    const double gain = 10 * std::log10(squared_error(values, plain.levels, plain.scales) /
                                        squared_error(values, least.levels, least.scales));
    EXPECT_GT(gain, 0.8) << rows;  // dB
  }
  std::vector<float> values = random_tile(512, 2);
  for (std::size_t c = 0; c < kTileColumns; ++c) values[c] = 6;  // an outlier in each channel
  const Fitted least = fit(values, NumberFormat::int8), plain = by_largest(values, NumberFormat::int8);
  EXPECT_LE(squared_error(values, least.levels, least.scales), squared_error(values, plain.levels, plain.scales));
}

TEST(FitScales, StaysWithinTheRange) {
  for (const NumberFormat format : {NumberFormat::int4, NumberFormat::int8}) {
    std::vector<float> values = random_tile(40, 3);
    const LevelRange& range = levels_of(format);
    for (const std::int8_t level : fit(values, format).levels) {
      EXPECT_GE(static_cast<float>(level), range.lowest);
      EXPECT_LE(static_cast<float>(level), range.highest);
    }
  }
}

TEST(FitScales, HoldsWhatIsOnAGrid) {
  std::vector<float> values(32 * kTileColumns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.25F * (static_cast<float>(i / kTileColumns % 16) - 8);
  const Fitted fitted = fit(values, NumberFormat::int4);
  EXPECT_LT(squared_error(values, fitted.levels, fitted.scales), 1e-9);
}

TEST(FitScales, ZerosAndExtremesOfFloat) {
  std::vector<float> values(32 * kTileColumns, 0.0F);
  for (std::size_t row = 0; row < 32; ++row) {
    values[row * kTileColumns + 1] = 1e-42F;
    values[row * kTileColumns + 2] = row % 2 == 0 ? 3e38F : -3e38F;
    values[row * kTileColumns + 3] = row == 0 ? 1e-30F : 0;
  }
  const Fitted fitted = fit(values, NumberFormat::int4);
  EXPECT_EQ(fitted.scales[0], 1.0F);
  EXPECT_EQ(fitted.levels[1], 0);
  EXPECT_NEAR(static_cast<double>(fitted.scales[2]) * fitted.levels[2] / 3e38, 1, 0.01);
  EXPECT_NEAR(static_cast<double>(fitted.scales[3]) * fitted.levels[3] / 1e-30, 1, 0.01);
}

TEST(FitScales, RefusesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values = random_tile(32, 4);
    values[17 * kTileColumns + 63] = bad;
    std::vector<float> scales(kTileColumns);
    EXPECT_FALSE(fit_scales({values.data(), 32}, levels_of(NumberFormat::int4), scales.data()));
  }
}

}  // namespace
}  // namespace mantissa::quant
