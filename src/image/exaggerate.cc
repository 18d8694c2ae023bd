#include "image/exaggerate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "image/colour.h"

namespace mantissa::image {

Picture exaggerate_colours(const Picture& picture, float factor) {
  const Picture luminance = rgb_to_luminance(picture);
  const std::size_t pixels = picture.pixels();
  Picture result = picture;
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    const float grey = luminance.samples[i % pixels];
    result.samples[i] = std::clamp(grey + factor * (picture.samples[i] - grey), 0.0F, 1.0F);
  }
  return result;
}

Picture exaggerate_detail(const Picture& picture, float factor) {
  const auto width = static_cast<std::size_t>(picture.width), height = static_cast<std::size_t>(picture.height);
  Picture result = picture;
  for (std::size_t c = 0; c < static_cast<std::size_t>(picture.channels); ++c) {
    const float* plane = picture.samples.data() + c * width * height;
    for (std::size_t y = 0; y < height; ++y)
      for (std::size_t x = 0; x < width; ++x) {
        float sum = 0;
        for (const std::size_t row : {y - (y > 0 ? 1 : 0), y, std::min(y + 1, height - 1)})
          for (const std::size_t column : {x - (x > 0 ? 1 : 0), x, std::min(x + 1, width - 1)})
            sum += plane[row * width + column];
        const float mean = sum / 9, own = plane[y * width + x];
        result.samples[(c * height + y) * width + x] = std::clamp(mean + factor * (own - mean), 0.0F, 1.0F);
      }
  }
  return result;
}

Picture zone_plate(int side, int channels, float contrast) {
  Picture picture(side, side, channels);
  const double middle = 0.5 * side;
  for (int channel = 0; channel < channels; ++channel)
    for (int row = 0; row < side; ++row)
      for (int column = 0; column < side; ++column) {
        const double square = (column - middle) * (column - middle) + (row - middle) * (row - middle);
        const double wave = std::cos(std::numbers::pi * square / side);
        picture.row(channel, row)[column] = 0.5F + 0.5F * contrast * static_cast<float>(wave);
      }
  return picture;
}

}  // namespace mantissa::image
