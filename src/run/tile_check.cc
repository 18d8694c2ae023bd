#include "run/tile_check.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/for_each_processor.h"
#include "base/threads.h"

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

// How far the means of the squares of a plane lie apart. Only whole squares count.
float span_of(const float* plane, int width, int height, int square, net::Range range) {
  const int columns = width / square, rows = height / square;
  std::vector<float> means(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
  const float factor = 1.0F / range.span();
  base::parallel_for(static_cast<std::size_t>(rows), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      for (int y = 0; y < square; y += kRowStep) {
        const float* line = plane + (row * static_cast<std::size_t>(square) + static_cast<std::size_t>(y)) *
                                        static_cast<std::size_t>(width);
        for (int column = 0; column < columns; ++column)
          means[row * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)] +=
              clipped_sum(line + static_cast<std::ptrdiff_t>(column) * square, range.low, factor, square);
      }
    }
  });
  if (means.empty()) return 0;
  const auto [low, high] = std::minmax_element(means.begin(), means.end());
  return (*high - *low) / (static_cast<float>(square) * static_cast<float>((square + kRowStep - 1) / kRowStep));
}

}  // namespace

bool collapsed(std::span<const float> input, std::span<const float> output, const Tile& tile, const net::Task& task) {
  const int channels = task.colour == net::Colour::rgb ? 3 : 1;
  const int width = tile.input.width, height = tile.input.height, scale = task.scale;
  const auto pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const net::Range in{task.range_low, task.range_high};
  for (int channel = 0; channel < channels; ++channel) {
    const std::size_t plane = pixels * static_cast<std::size_t>(channel);
    const float before = span_of(input.data() + plane, width, height, kSquare, in);
    if (before < kLeastSpan) continue;
    const float after = span_of(output.data() + plane * static_cast<std::size_t>(scale * scale), width * scale,
                                height * scale, kSquare * scale, net::output_range(task));
    if (after < kCollapse * before) return true;
  }
  return false;
}

}  // namespace mantissa::run
