// Frames of video: YCbCr in limited or full range, with or without subsampled chroma, and their way to RGB and back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "image/picture.h"

namespace mantissa::image {

enum class Chroma { none, quarter, half, full };  // grey, 4:2:0, 4:2:2, 4:4:4
// Where samples of subsampled chroma lie among those of luma.
enum class Siting {
  centre,    // in the middle of two or four: JPEG, MPEG-1
  left,      // on the left column, between two rows: MPEG-2, H.264, HEVC; 4:2:2
  top_left,  // on the first of the four: DV, BT.2020
};
[[nodiscard]] std::optional<Siting> siting_named(std::string_view name);  // "centre", "left", "top-left"

// Weights of red and blue in luma; that of green is the rest.
struct Matrix {
  double red = 0;
  double blue = 0;
};
inline constexpr Matrix kBt601{0.299, 0.114};     // ITU-R BT.601-7, 2.5.1
inline constexpr Matrix kBt709{0.2126, 0.0722};   // ITU-R BT.709-6, 3.2
inline constexpr Matrix kBt2020{0.2627, 0.0593};  // ITU-R BT.2020-2, table 4, non-constant luminance
[[nodiscard]] std::optional<Matrix> matrix_named(std::string_view name);  // "bt601", "bt709", "bt2020"
// What players assume of a stream that does not say: BT.709 from 1280 columns or 577 rows on, BT.601 below.
[[nodiscard]] Matrix default_matrix(int width, int height);

struct VideoFormat {
  int width = 0;
  int height = 0;
  int bits = 8;  // 8..16; more than 8 are stored in two bytes, the low one first
  Chroma chroma = Chroma::quarter;
  Siting siting = Siting::centre;
  bool full_levels = false;  // black is 0 and white the largest number; else they are 16 and 235 of 255 (and 16..240)
  Matrix matrix = kBt601;

  [[nodiscard]] int chroma_width() const;
  [[nodiscard]] int chroma_height() const;
  // Of a frame: the plane of Y, then those of Cb and Cr.
  [[nodiscard]] std::size_t bytes() const;
};

struct Frame {
  Picture luma;    // one channel, 0..1 from black to white; footroom and headroom are kept
  Picture chroma;  // Cb and Cr, -0.5..0.5, chroma_width() x chroma_height(); empty for grey
};

// `bytes` are format.bytes(). Numbers beyond the levels that are allowed are clipped on the way back.
[[nodiscard]] Frame frame_from(std::span<const std::byte> bytes, const VideoFormat& format);
void store(const Frame& frame, const VideoFormat& format, std::span<std::byte> bytes);

// Chroma resampled (bicubic) from where its samples lie in one format to where they lie in another, whose frames may
// have another size.
[[nodiscard]] Picture resample_chroma(const Picture& chroma, const VideoFormat& from, const VideoFormat& to);

// RGB in 0..1, not clipped on the way there, clipped on the way back. Not for grey.
[[nodiscard]] Picture to_rgb(const Frame& frame, const VideoFormat& format);
[[nodiscard]] Frame from_rgb(const Picture& rgb, const VideoFormat& format);

}  // namespace mantissa::image
