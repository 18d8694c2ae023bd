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
Taps taps_of(const Axis& axis, int out_row) {
  const double stretch = std::min(1 / axis.step, 1.0);  // below 1 the kernel is widened: antialiasing
  const double width = 4.0 / stretch;
  const double centre = axis.start + axis.step * out_row;
  const int first = static_cast<int>(std::floor(centre - width / 2));
  const int count = static_cast<int>(std::ceil(width)) + 2;

  std::vector<double> weights(static_cast<std::size_t>(count));
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += weights[static_cast<std::size_t>(i)] = cubic(stretch * (centre - (first + i)));

  Taps taps;
  for (int i = 0; i < count; ++i) {
    const double weight = weights[static_cast<std::size_t>(i)] / sum;
    if (weight == 0) continue;
    taps.rows.push_back(mirrored(first + i, axis.from));
    taps.weights.push_back(static_cast<float>(weight));
  }
  return taps;
}

// No row of the result from `out_row` on is made of one above this.
int first_row_needed(const Axis& axis, int out_row) {
  const double reach = 2.0 * std::max(axis.step, 1.0);
  return std::max(0, static_cast<int>(std::floor(axis.start + axis.step * out_row - reach)) - 2);
}

// The rows [begin, end) of the result, from a picture whose first row is row `first` of the whole.
Picture resample_rows(const Picture& picture, int first, const Axis& axis, int begin, int end) {
  Picture result(picture.width, end - begin, picture.channels);
  base::parallel_for(static_cast<std::size_t>(result.height), 16, [&](std::size_t from, std::size_t to) {
    for (int y = static_cast<int>(from); y < static_cast<int>(to); ++y) {
      const Taps taps = taps_of(axis, begin + y);
      for (int channel = 0; channel < picture.channels; ++channel) {
        float* out = result.row(channel, y).data();
        for (std::size_t i = 0; i < taps.rows.size(); ++i) {
          const float* in = picture.row(channel, taps.rows[i] - first).data();
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

// Columns are resampled as rows of the transposed picture, whose inner loop runs over memory in order.
Picture resample_columns(const Picture& picture, const Axis& axis) {
  if (axis.from == axis.to && axis.start == 0 && axis.step == 1) return picture;
  return transpose(resample_rows(transpose(picture), 0, axis, 0, axis.to));
}

// The rows [from, from + count) of a picture, then those of another.
Picture stacked(const Picture& above, int from, int count, const Picture& below) {
  Picture both(below.width, count + below.height, below.channels);
  for (int channel = 0; channel < both.channels; ++channel) {
    const auto kept = above.plane(channel).subspan(static_cast<std::size_t>(from) * above.width,
                                                   static_cast<std::size_t>(count) * above.width);
    const auto end = std::copy(kept.begin(), kept.end(), both.plane(channel).begin());
    const auto added = below.plane(channel);
    std::copy(added.begin(), added.end(), end);
  }
  return both;
}

}  // namespace

Axis axis_between(int from, int to) {
  const double step = static_cast<double>(from) / to;
  return {from, to, 0.5 * step - 0.5, step};
}

Picture resample(const Picture& picture, const Axis& columns, const Axis& rows) {
  assert(picture.width == columns.from && picture.height == rows.from);
  return resample_columns(resample_rows(picture, 0, rows, 0, rows.to), columns);
}

Picture resize_bicubic(const Picture& picture, int width, int height) {
  assert(picture.width > 0 && picture.height > 0 && width > 0 && height > 0);
  return resample(picture, axis_between(picture.width, width), axis_between(picture.height, height));
}

RowResampler::RowResampler(const Axis& columns, const Axis& rows, int channels)
    : columns_(columns), rows_(rows), window_(columns.to, 0, channels) {}

Picture RowResampler::put(const Picture& rows) {
  assert(rows.width == columns_.from && rows.channels == window_.channels && next_ + rows.height <= rows_.from);
  const int kept_from = std::min(first_row_needed(rows_, next_output_), next_);
  window_ = stacked(window_, kept_from - first_, next_ - kept_from, resample_columns(rows, columns_));
  first_ = kept_from;
  next_ += rows.height;

  int end = next_output_;
  const auto is_complete = [&](int row) {
    const Taps taps = taps_of(rows_, row);
    return *std::max_element(taps.rows.begin(), taps.rows.end()) < next_;
  };
  while (end < rows_.to && is_complete(end)) ++end;
  Picture result = resample_rows(window_, first_, rows_, next_output_, end);
  next_output_ = end;
  return result;
}

}  // namespace mantissa::image
