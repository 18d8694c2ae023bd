#include "run/tile_check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/for_each_processor.h"

namespace mantissa::run {
namespace {

constexpr int kSquare = 32;           // input pixels along a side
constexpr int kRowStep = 4;           // of rows that are looked at
constexpr float kLeastSpan = 0.125F;  // of a picture that can be said to show something
constexpr float kCollapse = 1.0F / 16;

// The sum of samples brought to 0..1 and clipped.
MANTISSA_FOR_EACH_PROCESSOR_FUSED float clipped_sum(const float* in, float low, float factor, int count) {
  constexpr int kLanes = 16;  // sums side by side: one would wait for itself
  float sums[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float unit = (in[i + static_cast<int>(lane)] - low) * factor;
      const float above = unit > 0.0F ? unit : 0.0F;
      sums[lane] += above < 1.0F ? above : 1.0F;
    }
  }
  float sum = 0;
  for (const float each : sums) sum += each;
  for (; i < count; ++i) {
    const float unit = (in[i] - low) * factor;
    const float above = unit > 0.0F ? unit : 0.0F;
    sum += above < 1.0F ? above : 1.0F;
  }
  return sum;
}

// How far the means of the squares of a plane lie apart, or those of its upper squares where that is `enough`. Only
// whole squares count.
float span_of(const float* plane, int width, int height, int square, net::Range range, float enough) {
  const auto columns = static_cast<std::size_t>(width / square);
  if (columns == 0) return 0;
  const float samples = static_cast<float>(square) * static_cast<float>((square + kRowStep - 1) / kRowStep);
  const float factor = 1.0F / range.span();
  float least = INFINITY, most = -INFINITY;
  std::vector<float> sums(columns);
  for (int top = 0; top + square <= height && most - least < enough * samples; top += square) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (int y = top; y < top + square; y += kRowStep) {
      const float* line = plane + static_cast<std::ptrdiff_t>(y) * width;
      for (std::size_t column = 0; column < columns; ++column)
        sums[column] += clipped_sum(line + static_cast<std::ptrdiff_t>(column) * square, range.low, factor, square);
    }
    const auto [low, high] = std::minmax_element(sums.begin(), sums.end());
    least = std::min(least, *low);
    most = std::max(most, *high);
  }
  return most < least ? 0 : (most - least) / samples;
}

}  // namespace

bool collapsed(std::span<const float> input, std::span<const float> output, const Tile& tile, const net::Task& task) {
  const int channels = task.colour == net::Colour::rgb ? 3 : 1;
  const int width = tile.input.width, height = tile.input.height, scale = task.scale;
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const net::Range in{task.range_low, task.range_high};
  for (int channel = 0; channel < channels; ++channel) {
    const std::size_t plane = pixels * static_cast<std::size_t>(channel);
    // Whatever there was, at most 1: most tiles show enough in their first row of squares.
    const float after = span_of(output.data() + plane * static_cast<std::size_t>(scale * scale), width * scale,
                                height * scale, kSquare * scale, net::output_range(task), kCollapse);
    if (after >= kCollapse) continue;
    const float before = span_of(input.data() + plane, width, height, kSquare, in, INFINITY);
    if (before >= kLeastSpan && after < kCollapse * before) return true;
  }
  return false;
}

}  // namespace mantissa::run
