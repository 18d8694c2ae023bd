#include "run/pixels.h"

#include <array>
#include <cassert>
#include <cstdlib>
#include <string>

#include "base/threads.h"
#include "image/samples.h"

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

// Of the samples of a row of all channels, or of one where they are planar.
const std::byte* row_of(const PixelLayout& layout, const void* data, int channel, int y) {
  const Steps steps = steps_of(layout);
  return static_cast<const std::byte*>(data) + channel * steps.channel + y * steps.row;
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

Result<void> PixelReader::read_into(image::Rectangle rectangle, Picture& picture) {
  picture.reshape(rectangle.width, rectangle.height, pixels_.channels);
  const std::ptrdiff_t before = steps_of(pixels_).sample * rectangle.x;
  const int joined = pixels_.planar ? 1 : pixels_.channels;
  base::parallel_for(static_cast<std::size_t>(rectangle.height), 32, [&](std::size_t begin, std::size_t end) {
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      std::array<float*, 4> lines{};
      for (int channel = 0; channel < pixels_.channels; ++channel)
        lines[static_cast<std::size_t>(channel)] = picture.row(channel, y).data();
      for (int channel = 0; channel < pixels_.channels; channel += joined)
        image::unpack(row_of(pixels_, pixels_.data, channel, rectangle.y + y) + before, info_.bits,
                      std::span(lines).subspan(static_cast<std::size_t>(channel), static_cast<std::size_t>(joined)),
                      static_cast<std::size_t>(rectangle.width));
    }
  });
  return {};
}

Result<void> PixelWriter::begin_rows(int count) {
  assert(end_row_ + count <= pixels_.height);
  first_row_ = end_row_;
  end_row_ += count;
  return {};
}

void PixelWriter::put(int y, int x, Lines lines, std::size_t count) {
  assert(lines.size() == static_cast<std::size_t>(pixels_.channels) && x + static_cast<int>(count) <= pixels_.width);
  const Steps steps = steps_of(pixels_);
  auto* const first = static_cast<std::byte*>(pixels_.data) + (first_row_ + y) * steps.row + x * steps.sample;
  const int bits = 8 * static_cast<int>(bytes_of(pixels_.type));
  const std::size_t joined = pixels_.planar ? 1 : lines.size();
  for (std::size_t channel = 0; channel < lines.size(); channel += joined)
    image::pack(lines.subspan(channel, joined), bits, first + static_cast<std::ptrdiff_t>(channel) * steps.channel,
                count);
}

}  // namespace mantissa::run
