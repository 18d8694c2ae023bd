#include "image/picture.h"

#include <algorithm>
#include <cassert>

namespace mantissa::image {

Picture crop(const Picture& picture, Rectangle rectangle) {
  assert(rectangle.x >= 0 && rectangle.y >= 0 && rectangle.width >= 0 && rectangle.height >= 0);
  assert(rectangle.x + rectangle.width <= picture.width && rectangle.y + rectangle.height <= picture.height);
  Picture part(rectangle.width, rectangle.height, picture.channels);
  for (int channel = 0; channel < picture.channels; ++channel) {
    for (int y = 0; y < rectangle.height; ++y) {
      const auto from = picture.row(channel, rectangle.y + y).subspan(rectangle.x, rectangle.width);
      std::copy(from.begin(), from.end(), part.row(channel, y).begin());
    }
  }
  return part;
}

Picture select_channels(const Picture& picture, int first, int count) {
  assert(first >= 0 && count >= 0 && first + count <= picture.channels);
  Picture part(picture.width, picture.height, count);
  for (int channel = 0; channel < count; ++channel) {
    const auto from = picture.plane(first + channel);
    std::copy(from.begin(), from.end(), part.plane(channel).begin());
  }
  return part;
}

void round_to_8_bits(Picture& picture) {
  for (float& sample : picture.samples) sample = static_cast<float>(to_level(sample, 255)) / 255.0F;
}

}  // namespace mantissa::image
