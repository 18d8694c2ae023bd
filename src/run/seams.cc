#include "run/seams.h"

#include <algorithm>
#include <cmath>

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

void Seams::keep_left(const Picture& rows, const Tile& tile) {
  if (tile.fade_left == 0) return;
  left_ = image::crop(rows, {tile.keep.x * scale_, 0, tile.fade_left * scale_, rows.height});
}

void Seams::fade_left(Picture& rows, const Tile& tile) {
  if (tile.fade_left == 0) return;
  double squares = 0;
  for (int channel = 0; channel < rows.channels; ++channel) {
    for (int y = 0; y < rows.height; ++y) {
      const auto before = left_.row(channel, y);
      const auto line = rows.row(channel, y).subspan(static_cast<std::size_t>(tile.keep.x) * scale_, before.size());
      for (int x = 0; x < left_.width; ++x) squares += mix(before[x], weight_at(x, left_.width), line[x]);
    }
  }
  count(squares, static_cast<std::int64_t>(left_.samples.size()));
}

void Seams::fade_top(Picture& rows, int fade) {
  if (fade == 0) return;
  double squares = 0;
  for (int channel = 0; channel < rows.channels; ++channel) {
    for (int y = 0; y < above_.height; ++y) {
      const auto before = above_.row(channel, y);
      const auto line = rows.row(channel, y);
      const float weight = weight_at(y, above_.height);
      for (int x = 0; x < rows.width; ++x) squares += mix(before[x], weight, line[x]);
    }
  }
  count(squares, static_cast<std::int64_t>(above_.samples.size()));
}

void Seams::keep_bottom(Picture& rows, int fade) {
  if (fade == 0) return;
  const int height = rows.height - fade * scale_;
  above_ = image::crop(rows, {0, height, rows.width, fade * scale_});
  rows = image::crop(rows, {0, 0, rows.width, height});
}

}  // namespace mantissa::run
