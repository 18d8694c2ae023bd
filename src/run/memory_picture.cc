#include "run/memory_picture.h"

#include <algorithm>
#include <cassert>

namespace mantissa::run {

MemoryReader::MemoryReader(const image::Picture& picture) : picture_(picture) {
  info_.width = picture.width;
  info_.height = picture.height;
  info_.channels = picture.channels;
  info_.bits = 32;
}

Result<void> MemoryReader::read_into(image::Rectangle rectangle, image::Picture& picture) {
  image::crop_into(picture_, rectangle, picture);
  return {};
}

Result<void> MemoryWriter::begin_rows(int count) {
  assert(end_row_ + count <= picture_.height);
  first_row_ = end_row_;
  end_row_ += count;
  return {};
}

void MemoryWriter::put(int y, int x, Lines lines, std::size_t count) {
  assert(lines.size() == static_cast<std::size_t>(picture_.channels));
  for (int channel = 0; channel < picture_.channels; ++channel)
    std::copy_n(lines[static_cast<std::size_t>(channel)], count, picture_.row(channel, first_row_ + y).begin() + x);
}

}  // namespace mantissa::run
