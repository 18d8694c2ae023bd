// The text of Y4M streams (YUV4MPEG2): uncompressed frames in YCbCr or grey, as mjpegtools defined them (yuv4mpeg(5))
// and ffmpeg extends them to more than 8 bits.
#pragma once

#include <string>
#include <string_view>

#include "image/video.h"
#include "mantissa/result.h"

namespace mantissa::image {

inline constexpr std::string_view kY4mMagic = "YUV4MPEG2";
inline constexpr std::string_view kY4mFrame = "FRAME";

struct Y4mHeader {
  VideoFormat format;
  std::string colour_tag;      // "420jpeg": how this stream calls its format
  std::string rest;            // other parameters, as they came: " F25:1 Ip A1:1"
  bool states_levels = false;  // by XCOLORRANGE
};

// A stream's first line without its end. What it leaves open has its default: 4:2:0 of JPEG's siting, limited levels,
// the matrix of default_matrix().
// Errors: (bad_input) not such a line, sizes that are missing or absurd; (unsupported) interlaced frames, alpha, 4:1:1.
[[nodiscard]] Result<Y4mHeader> parse_y4m_header(std::string_view line);
// With the line's end.
[[nodiscard]] std::string text_of(const Y4mHeader& header);

}  // namespace mantissa::image
