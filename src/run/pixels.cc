#include "run/pixels.h"

#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "base/threads.h"

namespace mantissa::run {

using image::Picture;

namespace {

std::ptrdiff_t bytes_of(SampleType type) {
  return type == SampleType::uint8 ? 1 : type == SampleType::uint16 ? 2 : type == SampleType::float32 ? 4 : 0;
}

// Where the samples of a row of one channel lie.
struct Steps {
  std::ptrdiff_t sample;  // bytes from a pixel to the next
  std::ptrdiff_t row;
  std::ptrdiff_t channel;
};

Steps steps_of(const PixelLayout& layout) {
  const std::ptrdiff_t bytes = bytes_of(layout.type);
  const std::ptrdiff_t sample = layout.planar ? bytes : bytes * layout.channels;
  const std::ptrdiff_t row = layout.row_stride != 0 ? layout.row_stride : sample * layout.width;
  if (!layout.planar) return {sample, row, bytes};
  return {sample, row, layout.plane_stride != 0 ? layout.plane_stride : std::abs(row) * layout.height};
}

// Calls body(channel, y, offset of the first sample in bytes) for the rows [0, rows), from several threads.
template <class Body>
void for_each_line(const PixelLayout& layout, int first_row, int rows, const Body& body) {
  const Steps steps = steps_of(layout);
  const auto lines = static_cast<std::size_t>(layout.channels) * static_cast<std::size_t>(rows);
  base::parallel_for(lines, 32, [&](std::size_t begin, std::size_t end) {
    for (std::size_t line = begin; line < end; ++line) {
      const int channel = static_cast<int>(line) / rows, y = static_cast<int>(line) % rows;
      body(channel, y, channel * steps.channel + static_cast<std::ptrdiff_t>(first_row + y) * steps.row);
    }
  });
}

template <class Sample>
void read_line(const std::byte* from, std::ptrdiff_t step, float largest, std::span<float> to) {
  for (float& out : to) {
    Sample sample;
    std::memcpy(&sample, from, sizeof sample);
    out = static_cast<float>(sample) / largest;
    from += step;
  }
}

template <class Sample>
void write_line(std::span<const float> from, std::ptrdiff_t step, std::byte* to) {
  for (const float in : from) {
    Sample sample;
    if constexpr (std::is_same_v<Sample, float>)
      sample = in;
    else
      sample = static_cast<Sample>(image::to_level(in, std::numeric_limits<Sample>::max()));
    std::memcpy(to, &sample, sizeof sample);
    to += step;
  }
}

}  // namespace

Result<void> check_layout(const PixelLayout& layout, const void* data, std::string_view name) {
  const std::string what = "the " + std::string(name);
  if (data == nullptr) return usage_error(what + " has no memory");
  if (layout.width < 1 || layout.height < 1 || layout.width > kLongestOutput || layout.height > kLongestOutput)
    return usage_error(what + " is " + std::to_string(layout.width) + " x " + std::to_string(layout.height) + " pixels",
                       "Sides are from 1 to " + std::to_string(kLongestOutput));
  if (layout.channels < 1 || layout.channels > 4)
    return usage_error(what + " has " + std::to_string(layout.channels) + " channels",
                       "There are 1 (grey) to 4 (RGB and alpha)");
  const std::ptrdiff_t bytes = bytes_of(layout.type);
  if (bytes == 0) return usage_error(what + " has samples of a type that there is not", "Use uint8, uint16 or float32");
  const std::ptrdiff_t row = bytes * layout.width * (layout.planar ? 1 : layout.channels);
  if (layout.row_stride != 0 && std::abs(layout.row_stride) < row)
    return usage_error(what + " has rows of " + std::to_string(row) + " bytes, but the next one begins after " +
                       std::to_string(std::abs(layout.row_stride)));
  if (layout.planar && layout.plane_stride != 0 && std::abs(layout.plane_stride) < row)
    return usage_error(what + " has planes that overlap");
  return {};
}

std::size_t packed_bytes(const PixelLayout& layout) {
  return static_cast<std::size_t>(bytes_of(layout.type)) * layout.channels * layout.width * layout.height;
}

PixelReader::PixelReader(const Pixels& pixels) : pixels_(pixels) {
  info_.width = pixels.width;
  info_.height = pixels.height;
  info_.channels = pixels.channels < 3 ? 1 : 3;
  info_.has_alpha = pixels.channels % 2 == 0;
  info_.bits = 8 * static_cast<int>(bytes_of(pixels.type));
}

Result<Picture> PixelReader::read(image::Rectangle rectangle) {
  Picture picture(rectangle.width, rectangle.height, pixels_.channels);
  const std::ptrdiff_t step = steps_of(pixels_).sample;
  for_each_line(pixels_, rectangle.y, rectangle.height, [&](int channel, int y, std::ptrdiff_t offset) {
    const auto* const from = static_cast<const std::byte*>(pixels_.data) + offset + step * rectangle.x;
    const auto to = picture.row(channel, y);
    if (pixels_.type == SampleType::uint8) return read_line<std::uint8_t>(from, step, 255.0F, to);
    if (pixels_.type == SampleType::uint16) return read_line<std::uint16_t>(from, step, 65535.0F, to);
    read_line<float>(from, step, 1.0F, to);
  });
  return picture;
}

Result<void> PixelWriter::write_rows(const Picture& rows) {
  assert(rows.width == pixels_.width && rows.channels == pixels_.channels && next_row_ + rows.height <= pixels_.height);
  const std::ptrdiff_t step = steps_of(pixels_).sample;
  for_each_line(pixels_, next_row_, rows.height, [&](int channel, int y, std::ptrdiff_t offset) {
    auto* const to = static_cast<std::byte*>(pixels_.data) + offset;
    const auto from = rows.row(channel, y);
    if (pixels_.type == SampleType::uint8) return write_line<std::uint8_t>(from, step, to);
    if (pixels_.type == SampleType::uint16) return write_line<std::uint16_t>(from, step, to);
    write_line<float>(from, step, to);
  });
  next_row_ += rows.height;
  return {};
}

}  // namespace mantissa::run
