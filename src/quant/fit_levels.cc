#include "quant/fit_levels.h"

#include <array>
#include <cassert>
#include <limits>

#include "base/for_each_processor.h"

namespace mantissa::quant {
namespace {

constexpr std::size_t kLanes = 16;  // columns at once, which a compiler keeps in a vector

// Denser steps gain less than 0.03 dB on Gaussian and Laplacian blocks of 32 and 128 and on the weights of restoration
// networks; least squares over these gains 0.8 to 1.3 dB over the largest magnitude at level 7.
constexpr std::array<float, 7> kCandidates4 = {7, 7.5F, 8, 8.5F, 9, 9.5F, 10.5F};
// Of whole channels: what 256 levels lose by a scale is little, unless a channel has outliers.
constexpr std::array<float, 6> kCandidates8 = {127, 131, 135, 140, 152, 178};

constexpr LevelRange kInt4{-8, 7, kCandidates4};
constexpr LevelRange kInt8{-127, 127, kCandidates8};

// 1.5 * 2^23: adding and taking it away rounds to the nearest integer, ties to even, on every processor.
constexpr float kToInteger = 12582912.0F;

struct Bounds {
  float lowest;
  float highest;
};

// The largest magnitude of each of kLanes columns; infinity where one is NaN or infinite.
MANTISSA_FOR_EACH_PROCESSOR void find_largest(const float* values, std::size_t rows, float* largest) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  float most[kLanes] = {};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float magnitude = __builtin_fabsf(from[lane]);
      const float counted = magnitude <= kLargest ? magnitude : __builtin_inff();
      most[lane] = counted > most[lane] ? counted : most[lane];
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) largest[lane] = most[lane];
}

// The squared error of rounding to levels of 1 / `per_unit` where values are told in units of `to_unit`.
MANTISSA_FOR_EACH_PROCESSOR void find_errors(const float* values, std::size_t rows, const float* to_unit,
                                             float per_unit, Bounds bounds, float* errors) {
  const float unit = 1 / per_unit;
  float sums[kLanes] = {};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float value = from[lane] * to_unit[lane];
      const float rounded = (value * per_unit + kToInteger) - kToInteger;
      const float above = rounded < bounds.lowest ? bounds.lowest : rounded;
      const float level = above > bounds.highest ? bounds.highest : above;
      const float difference = level * unit - value;
      sums[lane] += difference * difference;
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) errors[lane] = sums[lane];
}

// The scale, in units, with the least squared error for the levels that `per_unit` gives: sum(value * level) /
// sum(level * level).
MANTISSA_FOR_EACH_PROCESSOR void solve(const float* values, std::size_t rows, const float* to_unit,
                                       const float* per_unit, Bounds bounds, float* solutions) {
  float products[kLanes] = {};
  float squares[kLanes] = {};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float value = from[lane] * to_unit[lane];
      const float rounded = (value * per_unit[lane] + kToInteger) - kToInteger;
      const float above = rounded < bounds.lowest ? bounds.lowest : rounded;
      const float level = above > bounds.highest ? bounds.highest : above;
      products[lane] += value * level;
      squares[lane] += level * level;
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) solutions[lane] = squares[lane] > 0 ? products[lane] / squares[lane] : 0.0F;
}

MANTISSA_FOR_EACH_PROCESSOR void round_columns(const float* values, std::size_t rows, const float* per_value,
                                               Bounds bounds, std::int8_t* levels) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    std::int8_t* to = levels + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kTileColumns) {
      // Clipped first: what is far beyond the range would not become an integer.
      const float level = from[lane] * per_value[lane];
      const float above = level < bounds.lowest ? bounds.lowest : level;
      const float inside = above > bounds.highest ? bounds.highest : above;
      to[lane] = static_cast<std::int8_t>(static_cast<std::int32_t>((inside + kToInteger) - kToInteger));
    }
  }
}

// kLanes columns. False if one holds NaN or infinity.
bool fit_columns(const float* values, std::size_t rows, const LevelRange& range, float* scales) {
  const Bounds bounds{range.lowest, range.highest};
  float largest[kLanes];
  float to_unit[kLanes];
  float least[kLanes];
  float best[kLanes];
  find_largest(values, rows, largest);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (largest[lane] > std::numeric_limits<float>::max()) return false;
    // Smaller ones have scales that are no normal numbers: they become zeros.
    constexpr float kSmallest = std::numeric_limits<float>::min() * 256;
    to_unit[lane] = largest[lane] < kSmallest ? 0 : 1 / largest[lane];
    best[lane] = range.candidates[0];
    least[lane] = std::numeric_limits<float>::max();
  }
  for (const float candidate : range.candidates) {
    float errors[kLanes];
    find_errors(values, rows, to_unit, candidate, bounds, errors);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!(errors[lane] < least[lane])) continue;
      least[lane] = errors[lane];
      best[lane] = candidate;
    }
  }
  float solutions[kLanes];
  solve(values, rows, to_unit, best, bounds, solutions);
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    scales[lane] = to_unit[lane] > 0 && solutions[lane] > 0 ? solutions[lane] * largest[lane] : 1.0F;
  return true;
}

}  // namespace

const LevelRange& levels_of(base::NumberFormat format) {
  assert(format == base::NumberFormat::int4 || format == base::NumberFormat::int8);
  return format == base::NumberFormat::int4 ? kInt4 : kInt8;
}

bool fit_scales(const Tile& tile, const LevelRange& range, float* scales) {
  static_assert(kTileColumns % kLanes == 0);
  for (std::size_t column = 0; column < kTileColumns; column += kLanes)
    if (!fit_columns(tile.values + column, tile.rows, range, scales + column)) return false;
  return true;
}

void round_to_levels(const Tile& tile, const LevelRange& range, const float* scales, std::int8_t* levels) {
  float per_value[kTileColumns];
  for (std::size_t column = 0; column < kTileColumns; ++column) per_value[column] = 1 / scales[column];
  round_columns(tile.values, tile.rows, per_value, {range.lowest, range.highest}, levels);
}

}  // namespace mantissa::quant
