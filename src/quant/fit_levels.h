// Scales of groups of weights by least squares, and the levels (small integers) that the weights become.
//
// What weight-only variants are made of: a group is a block of one output channel, or the whole channel. It works on
// tiles that fit a cache, so that tensors may be larger than memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/number_format.h"

namespace mantissa::quant {

// Columns of a tile: the groups that are worked on side by side. A multiple of every processor's vectors.
inline constexpr std::size_t kTileColumns = 64;

// The integers -8..7 of int4 or -127..127 of int8.
struct LevelRange {
  float lowest;
  float highest;
  // Where the largest magnitude of a group may come to lie: more than `highest` clips it. The first is tried first, and
  // wins where nothing is better.
  std::span<const float> candidates;
};
// `format`: int4 or int8.
[[nodiscard]] const LevelRange& levels_of(base::NumberFormat format);

// Row-major, `rows` x kTileColumns; each column is a group.
struct Tile {
  float* values;
  std::size_t rows;
};

// For each column the scale whose levels, times it, lie nearest to the values in the mean square: the best candidate
// first, then the exact solution for the levels that it gives. 1 for a column of zeros. False if a value is NaN or
// infinite; the scales mean nothing then.
[[nodiscard]] bool fit_scales(const Tile& tile, const LevelRange& range, float* scales);

// Writes the level nearest to value / scale, row-major as the tile. The scales are positive; a rounded scale, of a
// narrow format, gets the levels that fit it.
void round_to_levels(const Tile& tile, const LevelRange& range, const float* scales, std::int8_t* levels);

}  // namespace mantissa::quant
