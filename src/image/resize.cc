#include "image/resize.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/threads.h"
#include "image/cubic.h"

namespace mantissa::image {
namespace {

// One output row as a weighted sum of input rows.
struct Taps {
  std::vector<int> rows;
  std::vector<float> weights;
};

// What MATLAB's imresize computes in its function `contributions`, with rows counted from 0.
Taps taps_of(int out_row, int in_size, int out_size) {
  const double scale = static_cast<double>(out_size) / in_size;
  const double stretch = std::min(scale, 1.0);  // below 1 the kernel is widened: antialiasing
  const double width = 4.0 / stretch;
  const double centre = (out_row + 0.5) / scale - 0.5;
  const int first = static_cast<int>(std::floor(centre - width / 2));
  const int count = static_cast<int>(std::ceil(width)) + 2;

  std::vector<double> weights(static_cast<std::size_t>(count));
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += weights[static_cast<std::size_t>(i)] = cubic(stretch * (centre - (first + i)));

  Taps taps;
  for (int i = 0; i < count; ++i) {
    const double weight = weights[static_cast<std::size_t>(i)] / sum;
    if (weight == 0) continue;
    taps.rows.push_back(mirrored(first + i, in_size));
    taps.weights.push_back(static_cast<float>(weight));
  }
  return taps;
}

Picture resize_rows(const Picture& picture, int height) {
  Picture result(picture.width, height, picture.channels);
  base::parallel_for(static_cast<std::size_t>(height), 16, [&](std::size_t begin, std::size_t end) {
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      const Taps taps = taps_of(y, picture.height, height);
      for (int channel = 0; channel < picture.channels; ++channel) {
        float* out = result.row(channel, y).data();
        for (std::size_t i = 0; i < taps.rows.size(); ++i) {
          const float* in = picture.row(channel, taps.rows[i]).data();
          const float weight = taps.weights[i];
          for (int x = 0; x < picture.width; ++x) out[x] += weight * in[x];
        }
      }
    }
  });
  return result;
}

Picture transpose(const Picture& picture) {
  constexpr std::size_t kBlock = 32;  // two blocks of 4 KiB stay in the first-level cache
  Picture result(picture.height, picture.width, picture.channels);
  const auto width = static_cast<std::size_t>(picture.width), height = static_cast<std::size_t>(picture.height);
  const std::size_t bands = (width + kBlock - 1) / kBlock;  // of columns, which become rows
  base::parallel_for(bands * static_cast<std::size_t>(picture.channels), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t band = begin; band < end; ++band) {
      const float* in = picture.plane(static_cast<int>(band / bands)).data();
      float* out = result.plane(static_cast<int>(band / bands)).data();
      const std::size_t left = band % bands * kBlock, right = std::min(left + kBlock, width);
      for (std::size_t top = 0; top < height; top += kBlock) {
        for (std::size_t y = top; y < std::min(top + kBlock, height); ++y)
          for (std::size_t x = left; x < right; ++x) out[x * height + y] = in[y * width + x];
      }
    }
  });
  return result;
}

}  // namespace

Picture resize_bicubic(const Picture& picture, int width, int height) {
  assert(picture.width > 0 && picture.height > 0 && width > 0 && height > 0);
  // Columns are resized as rows of the transposed picture, whose inner loop runs over memory in order.
  return transpose(resize_rows(transpose(resize_rows(picture, height)), width));
}

}  // namespace mantissa::image
