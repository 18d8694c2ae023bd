#include "run/memory_picture.h"

#include <algorithm>
#include <cassert>

#include "base/threads.h"

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
  const auto lines = static_cast<std::size_t>(rows.channels) * static_cast<std::size_t>(rows.height);
  base::parallel_for(lines, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t line = begin; line < end; ++line) {
      const int channel = static_cast<int>(line) / rows.height, y = static_cast<int>(line) % rows.height;
      const auto from = rows.row(channel, y);
      std::copy(from.begin(), from.end(), picture_.row(channel, next_row_ + y).begin());
    }
  });
  next_row_ += rows.height;
  return {};
}

}  // namespace mantissa::run
