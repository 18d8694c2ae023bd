#include "image/video.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "base/threads.h"
#include "image/resize.h"

namespace mantissa::image {
namespace {

// How numbers become levels: level = black + span * number, of what is stored.
struct Levels {
  double black;
  double span;
  int least;  // that may be stored
  int most;
};

// ITU-R BT.601, BT.709 and BT.2020 for limited levels: 8-bit numbers times 2^(bits - 8), the outermost of which are for
// timing; ITU-T H.273, 8.3 for full ones.
Levels luma_levels(const VideoFormat& format) {
  const int largest = (1 << format.bits) - 1, step = 1 << (format.bits - 8);
  if (format.full_levels) return {0, static_cast<double>(largest), 0, largest};
  return {16.0 * step, 219.0 * step, step, 255 * step - 1};
}

Levels chroma_levels(const VideoFormat& format) {
  const int largest = (1 << format.bits) - 1, step = 1 << (format.bits - 8);
  if (format.full_levels) return {128.0 * step, static_cast<double>(largest), 0, largest};
  return {128.0 * step, 224.0 * step, step, 255 * step - 1};
}

std::size_t bytes_per_sample(const VideoFormat& format) { return format.bits > 8 ? 2 : 1; }

// One row of stored samples to numbers and back. Two bytes are put together by hand: the stream's order is fixed.
void read_row(const std::byte* from, std::size_t bytes, const Levels& levels, std::span<float> to) {
  const auto black = static_cast<float>(levels.black);
  const auto factor = static_cast<float>(1.0 / levels.span);
  for (std::size_t i = 0; i < to.size(); ++i) {
    int level = std::to_integer<int>(from[i * bytes]);
    if (bytes == 2) level |= std::to_integer<int>(from[2 * i + 1]) << 8;
    to[i] = (static_cast<float>(level) - black) * factor;
  }
}

void write_row(std::span<const float> from, std::size_t bytes, const Levels& levels, std::byte* to) {
  const auto black = static_cast<float>(levels.black), span = static_cast<float>(levels.span);
  const auto least = static_cast<float>(levels.least), most = static_cast<float>(levels.most);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const float level = black + span * from[i];
    const float clipped = level > least ? (level < most ? level : most) : least;  // NaN gives the least
    const int rounded = static_cast<int>(clipped + 0.5F);  // NOLINT(bugprone-incorrect-roundings): not negative
    to[i * bytes] = static_cast<std::byte>(rounded & 255);
    if (bytes == 2) to[2 * i + 1] = static_cast<std::byte>(rounded >> 8);
  }
}

// Calls body(picture, channel, y, offset in bytes of that row) for all rows of a frame.
template <class FrameOrConst, class Body>
void for_each_row(FrameOrConst& frame, const VideoFormat& format, const Body& body) {
  const std::size_t bytes = bytes_per_sample(format);
  const auto rows_of = [&](auto& picture, const Levels& levels, std::size_t start) {
    const auto rows = static_cast<std::size_t>(picture.channels) * picture.height;
    base::parallel_for(rows, 64, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const auto height = static_cast<std::size_t>(picture.height);
        body(picture.row(static_cast<int>(i / height), static_cast<int>(i % height)), bytes, levels,
             start + i * static_cast<std::size_t>(picture.width) * bytes);
      }
    });
  };
  rows_of(frame.luma, luma_levels(format), 0);
  if (format.chroma != Chroma::none) rows_of(frame.chroma, chroma_levels(format), frame.luma.pixels() * bytes);
}

// Where samples lie along an axis: sample i at luma position factor * i + shift.
struct Grid {
  int factor = 1;
  double shift = 0;
};

// Along columns, or along rows.
Grid chroma_grid(const VideoFormat& format, bool columns) {
  const bool subsampled = columns ? format.chroma != Chroma::full : format.chroma == Chroma::quarter;
  if (!subsampled) return {};
  // 4:2:2 has its chroma on the left column in every standard.
  const bool between =
      columns ? format.siting == Siting::centre && format.chroma == Chroma::quarter : format.siting != Siting::top_left;
  return {2, between ? 0.5 : 0.0};
}

// From samples on one grid of a picture to those on another grid of a picture of another size.
Axis axis_from(const Grid& from, int from_samples, int from_size, const Grid& to, int to_samples, int to_size) {
  const double ratio = static_cast<double>(from_size) / to_size;
  const double first = (to.shift + 0.5) * ratio - 0.5;  // in luma samples of where it comes from
  return {from_samples, to_samples, (first - from.shift) / from.factor, to.factor * ratio / from.factor};
}

VideoFormat unsubsampled(VideoFormat format) {
  format.chroma = Chroma::full;
  return format;
}

// From several threads: body(begin, end) for parts of the pixels.
template <class Body>
void for_pixels(std::size_t count, const Body& body) {
  constexpr std::size_t kLeast = std::size_t{1} << 14;
  base::parallel_for(count, kLeast, body);
}

}  // namespace

std::optional<Siting> siting_named(std::string_view name) {
  if (name == "centre") return Siting::centre;
  if (name == "left") return Siting::left;
  if (name == "top-left") return Siting::top_left;
  return std::nullopt;
}

std::optional<Matrix> matrix_named(std::string_view name) {
  if (name == "bt601") return kBt601;
  if (name == "bt709") return kBt709;
  if (name == "bt2020") return kBt2020;
  return std::nullopt;
}

Matrix default_matrix(int width, int height) { return width >= 1280 || height > 576 ? kBt709 : kBt601; }

int VideoFormat::chroma_width() const {
  return chroma == Chroma::none ? 0 : chroma == Chroma::full ? width : (width + 1) / 2;
}
int VideoFormat::chroma_height() const {
  return chroma == Chroma::none ? 0 : chroma == Chroma::quarter ? (height + 1) / 2 : height;
}
std::size_t VideoFormat::bytes() const {
  const std::size_t luma = static_cast<std::size_t>(width) * height;
  return (luma + 2 * static_cast<std::size_t>(chroma_width()) * chroma_height()) * bytes_per_sample(*this);
}

Frame frame_from(std::span<const std::byte> bytes, const VideoFormat& format) {
  assert(bytes.size() == format.bytes());
  Frame frame{Picture(format.width, format.height, 1), Picture(format.chroma_width(), format.chroma_height(), 2)};
  for_each_row(frame, format, [&](std::span<float> row, std::size_t size, const Levels& levels, std::size_t offset) {
    read_row(bytes.data() + offset, size, levels, row);
  });
  return frame;
}

void store(const Frame& frame, const VideoFormat& format, std::span<std::byte> bytes) {
  assert(bytes.size() == format.bytes() && frame.luma.width == format.width && frame.luma.height == format.height);
  for_each_row(frame, format,
               [&](std::span<const float> row, std::size_t size, const Levels& levels, std::size_t offset) {
                 write_row(row, size, levels, bytes.data() + offset);
               });
}

Picture resample_chroma(const Picture& chroma, const VideoFormat& from, const VideoFormat& to) {
  const Axis columns =
      axis_from(chroma_grid(from, true), chroma.width, from.width, chroma_grid(to, true), to.chroma_width(), to.width);
  const Axis rows = axis_from(chroma_grid(from, false), chroma.height, from.height, chroma_grid(to, false),
                              to.chroma_height(), to.height);
  return resample(chroma, columns, rows);
}

Picture to_rgb(const Frame& frame, const VideoFormat& format) {
  const Picture chroma = resample_chroma(frame.chroma, format, unsubsampled(format));
  Picture rgb(format.width, format.height, 3);
  const auto kr = static_cast<float>(format.matrix.red), kb = static_cast<float>(format.matrix.blue);
  const float kg = 1.0F - kr - kb;
  for_pixels(rgb.pixels(), [&](std::size_t begin, std::size_t end) {
    const float *y = frame.luma.samples.data(), *cb = chroma.plane(0).data(), *cr = chroma.plane(1).data();
    float *red = rgb.plane(0).data(), *green = rgb.plane(1).data(), *blue = rgb.plane(2).data();
    for (std::size_t i = begin; i < end; ++i) {
      red[i] = y[i] + 2 * (1 - kr) * cr[i];
      blue[i] = y[i] + 2 * (1 - kb) * cb[i];
      green[i] = (y[i] - kr * red[i] - kb * blue[i]) / kg;
    }
  });
  return rgb;
}

Frame from_rgb(const Picture& rgb, const VideoFormat& format) {
  assert(rgb.channels == 3 && rgb.width == format.width && rgb.height == format.height);
  Frame frame{Picture(format.width, format.height, 1), {}};
  Picture chroma(format.width, format.height, 2);
  const auto kr = static_cast<float>(format.matrix.red), kb = static_cast<float>(format.matrix.blue);
  const float kg = 1.0F - kr - kb;
  const auto clipped = [](float sample) { return sample > 0 ? (sample < 1 ? sample : 1.0F) : 0.0F; };
  for_pixels(rgb.pixels(), [&](std::size_t begin, std::size_t end) {
    const float *red = rgb.plane(0).data(), *green = rgb.plane(1).data(), *blue = rgb.plane(2).data();
    float *y = frame.luma.samples.data(), *cb = chroma.plane(0).data(), *cr = chroma.plane(1).data();
    for (std::size_t i = begin; i < end; ++i) {
      const float r = clipped(red[i]), g = clipped(green[i]), b = clipped(blue[i]);
      y[i] = kr * r + kg * g + kb * b;
      cb[i] = (b - y[i]) / (2 * (1 - kb));
      cr[i] = (r - y[i]) / (2 * (1 - kr));
    }
  });
  frame.chroma = resample_chroma(chroma, unsubsampled(format), format);
  return frame;
}

}  // namespace mantissa::image
