#include "image/picture.h"

#include <algorithm>
#include <cassert>

#include "base/threads.h"

namespace mantissa::image {

Picture crop(const Picture& picture, Rectangle rectangle) {
  Picture part;
  crop_into(picture, rectangle, part);
  return part;
}

void crop_into(const Picture& picture, Rectangle rectangle, Picture& part) {
  assert(rectangle.x >= 0 && rectangle.y >= 0 && rectangle.width >= 0 && rectangle.height >= 0);
  assert(rectangle.x + rectangle.width <= picture.width && rectangle.y + rectangle.height <= picture.height);
  part.reshape(rectangle.width, rectangle.height, picture.channels);
  const auto lines = static_cast<std::size_t>(picture.channels) * static_cast<std::size_t>(rectangle.height);
  base::parallel_for(lines, 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t line = begin; line < end; ++line) {
      const int channel = static_cast<int>(line) / rectangle.height, y = static_cast<int>(line) % rectangle.height;
      const auto from = picture.row(channel, rectangle.y + y).subspan(rectangle.x, rectangle.width);
      std::copy(from.begin(), from.end(), part.row(channel, y).begin());
    }
  });
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
