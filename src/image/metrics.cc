#include "image/metrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>

namespace mantissa::image {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool same_shape(const Picture& a, const Picture& b) {
  return a.width == b.width && a.height == b.height && a.channels == b.channels;
}

Rectangle inside(const Picture& picture, int border) {
  const Rectangle region{border, border, picture.width - 2 * border, picture.height - 2 * border};
  assert(border >= 0 && region.width > 0 && region.height > 0);
  return region;
}

double squared_error(const Picture& a, const Picture& b, Rectangle region) {
  assert(same_shape(a, b));
  double sum = 0;
  for (int channel = 0; channel < a.channels; ++channel) {
    for (int y = region.y; y < region.y + region.height; ++y) {
      const auto row_a = a.row(channel, y), row_b = b.row(channel, y);
      for (int x = region.x; x < region.x + region.width; ++x) {
        const double difference = static_cast<double>(row_a[x]) - row_b[x];
        sum += difference * difference;
      }
    }
  }
  return sum / (static_cast<double>(a.channels) * region.width * region.height);
}

std::vector<double> channel_shifts_of(const Picture& a, const Picture& b, Rectangle region) {
  assert(same_shape(a, b));
  std::vector<double> shifts;
  for (int channel = 0; channel < a.channels; ++channel) {
    double sum = 0;
    for (int y = region.y; y < region.y + region.height; ++y) {
      const auto row_a = a.row(channel, y), row_b = b.row(channel, y);
      for (int x = region.x; x < region.x + region.width; ++x) sum += static_cast<double>(row_a[x]) - row_b[x];
    }
    shifts.push_back(sum * 255.0 / (static_cast<double>(region.width) * region.height));
  }
  return shifts;
}

double mean_shift_of(const Picture& a, const Picture& b, Rectangle region) {
  double worst = 0;
  for (const double shift : channel_shifts_of(a, b, region))
    worst = std::isfinite(shift) ? std::max(worst, std::abs(shift)) : kInfinity;
  return worst;
}

// Where the tiles of a side begin; the last is moved inward.
std::vector<int> tile_starts(int begin, int size, int tile) {
  std::vector<int> starts;
  for (int offset = 0; offset + tile < size; offset += tile) starts.push_back(begin + offset);
  starts.push_back(begin + std::max(0, size - tile));
  return starts;
}

void for_each_tile(Rectangle region, int tile, const std::function<void(Rectangle)>& visit) {
  assert(tile > 0);
  for (const int y : tile_starts(region.y, region.height, tile)) {
    for (const int x : tile_starts(region.x, region.width, tile)) {
      visit({x, y, std::min(tile, region.width), std::min(tile, region.height)});
    }
  }
}

}  // namespace

double psnr_of(double error) {
  if (!std::isfinite(error)) return -kInfinity;
  if (error == 0) return kEqual;
  return std::min(kEqual, -10.0 * std::log10(error));
}

double psnr(const Picture& a, const Picture& b, int border) { return psnr_of(squared_error(a, b, inside(a, border))); }

std::vector<double> tile_errors(const Picture& a, const Picture& b, int tile, int border) {
  std::vector<double> errors;
  for_each_tile(inside(a, border), tile, [&](Rectangle region) { errors.push_back(squared_error(a, b, region)); });
  return errors;
}

double worst_tile_psnr(const Picture& a, const Picture& b, int tile, int border) {
  double worst = kEqual;
  for (const double error : tile_errors(a, b, tile, border)) worst = std::min(worst, psnr_of(error));
  return worst;
}

std::vector<double> channel_shifts(const Picture& a, const Picture& b) { return channel_shifts_of(a, b, inside(a, 0)); }

double mean_shift(const Picture& a, const Picture& b, int border) { return mean_shift_of(a, b, inside(a, border)); }

double worst_tile_mean_shift(const Picture& a, const Picture& b, int tile, int border) {
  double worst = 0;
  for_each_tile(inside(a, border), tile,
                [&](Rectangle region) { worst = std::max(worst, mean_shift_of(a, b, region)); });
  return worst;
}

double largest_difference(const Picture& a, const Picture& b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    largest = std::max(largest, std::fabs(a.samples[i] - b.samples[i]));
  return 255.0 * static_cast<double>(largest);
}

bool all_finite(const Picture& picture) {
  return std::all_of(picture.samples.begin(), picture.samples.end(),
                     [](float sample) { return std::isfinite(sample); });
}

}  // namespace mantissa::image
