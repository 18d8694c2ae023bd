#include "run/seams.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mantissa::run {

using image::Picture;

namespace {

constexpr double kEqual = 99;  // dB, as the gate counts equal pictures

double psnr_of(double mean_square) {
  return mean_square > 0 ? std::min(-10 * std::log10(mean_square), kEqual) : kEqual;
}

float clipped(float sample) { return std::clamp(sample, 0.0F, 1.0F); }

// Goes from `before` to what is there: `weight` of the latter. The square of how far the two lie apart.
double mix(float before, float weight, float& sample) {
  const double difference = clipped(sample) - clipped(before);
  sample = before + (sample - before) * weight;
  return difference * difference;
}

// The weight of the later one of two neighbours, at place `i` of `length`.
float weight_at(int i, int length) { return (static_cast<float>(i) + 0.5F) / static_cast<float>(length); }

}  // namespace

double Agreement::psnr() const { return samples > 0 ? psnr_of(squares / static_cast<double>(samples)) : kEqual; }
double Agreement::worst_psnr() const { return psnr_of(worst_squares); }

void Seams::count(double squares, std::int64_t samples) {
  agreement_.samples += samples;
  agreement_.squares += squares;
  agreement_.worst_squares = std::max(agreement_.worst_squares, squares / static_cast<double>(samples));
}

void Seams::fade(Picture& part, const Tile& tile) {
  if (tile.keep.x == 0) std::swap(above_, next_above_);
  fade_left(part, tile.fade_left * scale_);
  const int columns = part.width - tile.fade_right * scale_, left = tile.keep.x * scale_;
  left_ = image::crop(part, {columns, 0, part.width - columns, part.height});  // not yet faded into what is above
  fade_top(part, left, columns, tile.fade_top * scale_);
  keep_bottom(part, left, columns, tile.fade_bottom * scale_);
}

void Seams::fade_left(Picture& part, int columns) {
  if (columns == 0) return;
  double squares = 0;
  for (int channel = 0; channel < part.channels; ++channel) {
    for (int y = 0; y < part.height; ++y) {
      const auto before = left_.row(channel, y);
      const auto line = part.row(channel, y);
      for (int x = 0; x < columns; ++x) squares += mix(before[x], weight_at(x, columns), line[x]);
    }
  }
  count(squares, static_cast<std::int64_t>(left_.samples.size()));
}

void Seams::fade_top(Picture& part, int left, int columns, int rows) {
  if (rows == 0) return;
  double squares = 0;
  for (int channel = 0; channel < part.channels; ++channel) {
    for (int y = 0; y < rows; ++y) {
      const auto before = above_.row(channel, y).subspan(static_cast<std::size_t>(left));
      const auto line = part.row(channel, y);
      for (int x = 0; x < columns; ++x) squares += mix(before[x], weight_at(y, rows), line[x]);
    }
  }
  count(squares, static_cast<std::int64_t>(columns) * rows * part.channels);
}

void Seams::keep_bottom(const Picture& part, int left, int columns, int rows) {
  if (rows == 0) return;
  next_above_.reshape(output_width_, rows, part.channels);
  for (int channel = 0; channel < part.channels; ++channel)
    for (int y = 0; y < rows; ++y)
      std::copy_n(part.row(channel, part.height - rows + y).begin(), columns,
                  next_above_.row(channel, y).begin() + left);
}

}  // namespace mantissa::run
