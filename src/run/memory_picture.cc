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

Result<image::Picture> MemoryReader::read(image::Rectangle rectangle) { return image::crop(picture_, rectangle); }

Result<void> MemoryWriter::write_rows(const image::Picture& rows) {
  assert(rows.width == picture_.width && rows.channels == picture_.channels &&
         next_row_ + rows.height <= picture_.height);
  for (int channel = 0; channel < rows.channels; ++channel)
    std::copy(rows.plane(channel).begin(), rows.plane(channel).end(), picture_.row(channel, next_row_).data());
  next_row_ += rows.height;
  return {};
}

}  // namespace mantissa::run
