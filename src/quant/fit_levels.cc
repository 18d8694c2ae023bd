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

constexpr std::size_t kMostCandidates = 7;
static_assert(kCandidates4.size() <= kMostCandidates && kCandidates8.size() <= kMostCandidates);

constexpr LevelRange kInt4{-8, 7, kCandidates4};
constexpr LevelRange kInt8{-127, 127, kCandidates8};

// 1.5 * 2^23: adding and taking it away rounds to the nearest integer, ties to even, on every processor.
constexpr float kToInteger = 12582912.0F;

struct Bounds {
  float lowest;
  float highest;
};

// Of kLanes columns: what their scales are fitted in units of.
struct Units {
  float largest[kLanes];  // magnitude; infinity where a value is NaN or infinite
  float per_value[kLanes];
};

MANTISSA_FOR_EACH_PROCESSOR void find_units(const float* values, std::size_t rows, Units& units) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  // Smaller ones have scales that are no normal numbers: they become zeros.
  constexpr float kSmallest = std::numeric_limits<float>::min() * 256;
  float most[kLanes] = {};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float magnitude = __builtin_fabsf(from[lane]);
      const float counted = magnitude <= kLargest ? magnitude : __builtin_inff();
      most[lane] = counted > most[lane] ? counted : most[lane];
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) {
    units.largest[lane] = most[lane];
    const float per_value = 1 / most[lane];
    units.per_value[lane] = most[lane] < kSmallest ? 0 : per_value;
  }
}

// The candidate with the least squared error for each column. Some rows at a time, so that all candidates find them in
// the nearest cache.
MANTISSA_FOR_EACH_PROCESSOR void choose_candidates(const float* values, std::size_t rows, const Units& units,
                                                   const float* candidates, std::size_t count, Bounds bounds,
                                                   float* chosen) {
  constexpr std::size_t kRows = 128;
  float errors[kMostCandidates][kLanes] = {};
  for (std::size_t begin = 0; begin < rows; begin += kRows) {
    const std::size_t end = rows - begin < kRows ? rows : begin + kRows;
    for (std::size_t i = 0; i < count; ++i) {
      float sums[kLanes];
      float per_value[kLanes];
      MANTISSA_FOR_LANES (lane, kLanes) {
        sums[lane] = errors[i][lane];
        per_value[lane] = units.per_value[lane] * candidates[i];
      }
      for (std::size_t row = begin; row < end; ++row) {
        const float* from = values + row * kTileColumns;
        MANTISSA_FOR_LANES (lane, kLanes) {
          const float value = from[lane] * per_value[lane];
          const float above = value < bounds.lowest ? bounds.lowest : value;
          const float inside = above > bounds.highest ? bounds.highest : above;
          const float difference = ((inside + kToInteger) - kToInteger) - value;
          sums[lane] += difference * difference;
        }
      }
      MANTISSA_FOR_LANES (lane, kLanes) errors[i][lane] = sums[lane];
    }
  }
  float least[kLanes];
  MANTISSA_FOR_LANES (lane, kLanes) {
    least[lane] = errors[0][lane] / (candidates[0] * candidates[0]);  // from levels to units
    chosen[lane] = candidates[0];
  }
  for (std::size_t i = 1; i < count; ++i) {
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float error = errors[i][lane] / (candidates[i] * candidates[i]);
      chosen[lane] = error < least[lane] ? candidates[i] : chosen[lane];
      least[lane] = error < least[lane] ? error : least[lane];
    }
  }
}

// The scale with the least squared error for the levels that a candidate gives: sum(value * level) /
// sum(level * level); 1 for zeros.
MANTISSA_FOR_EACH_PROCESSOR void solve(const float* values, std::size_t rows, const Units& units, const float* chosen,
                                       Bounds bounds, float* scales) {
  float products[kLanes] = {};
  float squares[kLanes] = {};
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = values + row * kTileColumns;
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float value = from[lane] * units.per_value[lane];
      const float rounded = (value * chosen[lane] + kToInteger) - kToInteger;
      const float above = rounded < bounds.lowest ? bounds.lowest : rounded;
      const float level = above > bounds.highest ? bounds.highest : above;
      products[lane] += value * level;
      squares[lane] += level * level;
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) {
    const float scale = products[lane] / squares[lane] * units.largest[lane];  // NaN where there are but zeros
    scales[lane] = units.per_value[lane] > 0 && products[lane] > 0 ? scale : 1.0F;
  }
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
  Units units;
  find_units(values, rows, units);
  for (const float largest : units.largest)
    if (largest > std::numeric_limits<float>::max()) return false;
  float chosen[kLanes];
  choose_candidates(values, rows, units, range.candidates.data(), range.candidates.size(), bounds, chosen);
  solve(values, rows, units, chosen, bounds, scales);
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
