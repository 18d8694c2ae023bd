#include "image/video.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "image/resize.h"
#include "image/testing.h"
#include "image/y4m.h"

namespace mantissa::image {
namespace {

VideoFormat format_of(int width, int height, Chroma chroma, int bits = 8, bool full = false) {
  VideoFormat format;
  format.width = width;
  format.height = height;
  format.chroma = chroma;
  format.bits = bits;
  format.full_levels = full;
  return format;
}

std::vector<std::byte> bytes_of(const std::vector<int>& numbers, int bits) {
  std::vector<std::byte> bytes;
  for (const int number : numbers) {
    bytes.push_back(static_cast<std::byte>(number & 255));
    if (bits > 8) bytes.push_back(static_cast<std::byte>(number >> 8));
  }
  return bytes;
}

double largest_difference(const Picture& a, const Picture& b) {
  EXPECT_EQ(a.samples.size(), b.samples.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    largest = std::max(largest, static_cast<double>(std::abs(a.samples[i] - b.samples[i])));
  return largest;
}

// A flat colour as Y, Cb, Cr; the numbers are those of colour bars in the standards (BT.601 and BT.709, 8 bits).
TEST(Video, ColoursOfTheStandards) {
  struct Row {
    Matrix matrix;
    std::array<int, 3> stored;
    std::array<float, 3> rgb;
  };
  for (const Row& row : {Row{kBt601, {16, 128, 128}, {0, 0, 0}}, Row{kBt601, {235, 128, 128}, {1, 1, 1}},
                         Row{kBt601, {81, 90, 240}, {1, 0, 0}}, Row{kBt601, {145, 54, 34}, {0, 1, 0}},
                         Row{kBt601, {41, 240, 110}, {0, 0, 1}}, Row{kBt709, {63, 102, 240}, {1, 0, 0}},
                         Row{kBt709, {173, 42, 26}, {0, 1, 0}}, Row{kBt709, {32, 240, 118}, {0, 0, 1}}}) {
    VideoFormat format = format_of(1, 1, Chroma::full);
    format.matrix = row.matrix;
    const auto bytes = bytes_of({row.stored[0], row.stored[1], row.stored[2]}, 8);
    const Picture rgb = to_rgb(frame_from(bytes, format), format);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(rgb.samples[i], row.rgb[i], 0.01) << row.stored[0];
    Picture exact(1, 1, 3);
    std::copy(row.rgb.begin(), row.rgb.end(), exact.samples.begin());
    std::vector<std::byte> stored(3);
    store(from_rgb(exact, format), format, stored);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(std::to_integer<int>(stored[i]), row.stored[i], 1);
  }
}

TEST(Video, WhatIsStoredComesBack) {
  for (const Chroma chroma : {Chroma::none, Chroma::quarter, Chroma::half, Chroma::full})
    for (const int bits : {8, 10, 16})
      for (const bool full : {false, true})
        for (const auto& [width, height] : {std::pair{6, 4}, {7, 5}, {1, 1}}) {
          const VideoFormat format = format_of(width, height, chroma, bits, full);
          std::vector<int> numbers;
          const int step = 1 << (bits - 8), least = full ? 0 : step, most = full ? 256 * step - 1 : 255 * step - 1;
          for (std::size_t i = 0; i < format.bytes() / (bits > 8 ? 2 : 1); ++i)
            numbers.push_back(least + static_cast<int>(i * 977 * step) % (most - least + 1));
          const auto bytes = bytes_of(numbers, bits);
          ASSERT_EQ(bytes.size(), format.bytes());
          std::vector<std::byte> back(bytes.size());
          store(frame_from(bytes, format), format, back);
          EXPECT_EQ(back, bytes) << bits << " bits, " << width << " x " << height;
        }
}

TEST(Video, NumbersBeyondTheLevelsAreClipped) {
  const VideoFormat format = format_of(4, 1, Chroma::none);
  Frame frame{Picture(4, 1, 1), {}};
  frame.luma.samples = {-3, 7, NAN, 0.5F};
  std::vector<std::byte> bytes(4);
  store(frame, format, bytes);
  EXPECT_EQ(bytes, bytes_of({1, 254, 1, 126}, 8));
}

// A ramp of chroma keeps its place: its value at a luma pixel is that of the ramp there, wherever the samples lie.
TEST(Video, SubsampledChromaKeepsItsPlace) {
  for (const Siting siting : {Siting::centre, Siting::left, Siting::top_left}) {
    for (const Chroma chroma : {Chroma::quarter, Chroma::half}) {
      VideoFormat format = format_of(64, 48, chroma);
      format.siting = siting;
      const double right = siting == Siting::centre && chroma == Chroma::quarter ? 0.5 : 0;
      const double down = siting == Siting::top_left || chroma == Chroma::half ? 0 : 0.5;
      const double step = chroma == Chroma::half ? 1 : 2;
      Frame frame{Picture(64, 48, 1, 0.5F), Picture(format.chroma_width(), format.chroma_height(), 2)};
      for (int y = 0; y < frame.chroma.height; ++y)
        for (int x = 0; x < frame.chroma.width; ++x) {
          frame.chroma.row(0, y)[static_cast<std::size_t>(x)] = static_cast<float>((2 * x + right) / 1000);
          frame.chroma.row(1, y)[static_cast<std::size_t>(x)] = static_cast<float>((step * y + down) / 1000);
        }
      VideoFormat full = format;
      full.chroma = Chroma::full;
      const Picture fine = resample_chroma(frame.chroma, format, full);
      ASSERT_EQ(fine.width, 64);
      ASSERT_EQ(fine.height, 48);
      for (int y = 8; y < 40; ++y)
        for (int x = 8; x < 56; ++x) {
          ASSERT_NEAR(fine.row(0, y)[static_cast<std::size_t>(x)], x / 1000.0, 1e-5);
          ASSERT_NEAR(fine.row(1, y)[static_cast<std::size_t>(x)], y / 1000.0, 1e-5);
        }
      const Picture back = resample_chroma(fine, full, format);
      for (int y = 8; y < frame.chroma.height - 8; ++y)
        for (int x = 8; x < frame.chroma.width - 8; ++x)
          ASSERT_NEAR(back.row(0, y)[static_cast<std::size_t>(x)], (2 * x + right) / 1000, 1e-5);
    }
  }
}

// Enlarging subsampled chroma at once, or unsubsampled in between, is the same place.
TEST(Video, ChromaOfALargerFrameKeepsItsPlace) {
  VideoFormat small = format_of(40, 30, Chroma::quarter), large = format_of(120, 90, Chroma::quarter);
  small.siting = large.siting = Siting::left;
  Picture ramp(20, 15, 2);
  for (int y = 0; y < 15; ++y)
    for (int x = 0; x < 20; ++x) ramp.row(0, y)[static_cast<std::size_t>(x)] = static_cast<float>(2 * x) / 100;
  const Picture result = resample_chroma(ramp, small, large);
  ASSERT_EQ(result.width, 60);
  // Column 2x of 120 lies at (2x + 0.5) / 3 - 0.5 of 40.
  for (int x = 12; x < 48; ++x)
    EXPECT_NEAR(result.row(0, 20)[static_cast<std::size_t>(x)], ((2 * x + 0.5) / 3 - 0.5) / 100, 1e-5);
}

TEST(Video, RgbSurvivesWithoutSubsampling) {
  for (const Matrix& matrix : {kBt601, kBt709, kBt2020}) {
    VideoFormat format = format_of(23, 17, Chroma::full, 16, true);
    format.matrix = matrix;
    const Picture rgb = testing::pattern(23, 17, 3);
    std::vector<std::byte> bytes(format.bytes());
    store(from_rgb(rgb, format), format, bytes);
    EXPECT_LT(largest_difference(to_rgb(frame_from(bytes, format), format), rgb), 1e-4);
  }
}

TEST(Y4m, HeadersThatFfmpegWrites) {
  const auto plain =
      parse_y4m_header("YUV4MPEG2 W720 H576 F25:1 Ip A16:15 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED");
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  EXPECT_EQ(plain->format.width, 720);
  EXPECT_EQ(plain->format.height, 576);
  EXPECT_EQ(plain->format.siting, Siting::left);
  EXPECT_EQ(plain->format.bits, 8);
  EXPECT_FALSE(plain->format.full_levels);
  EXPECT_EQ(plain->format.matrix.red, kBt601.red);
  EXPECT_EQ(plain->format.bytes(), 720U * 576 * 3 / 2);
  EXPECT_EQ(text_of(*plain), "YUV4MPEG2 W720 H576 F25:1 Ip A16:15 XYSCSS=420MPEG2 C420mpeg2 XCOLORRANGE=LIMITED\n");

  const auto deep =
      parse_y4m_header("YUV4MPEG2 W1920 H1080 F30000:1001 Ip A1:1 C422p10 XYSCSS=422P10 XCOLORRANGE=FULL");
  ASSERT_TRUE(deep.ok());
  EXPECT_EQ(deep->format.bits, 10);
  EXPECT_EQ(deep->format.chroma, Chroma::half);
  EXPECT_TRUE(deep->format.full_levels);
  EXPECT_EQ(deep->format.matrix.red, kBt709.red);
  EXPECT_EQ(deep->format.bytes(), 1920U * 1080 * 4);

  const auto grey = parse_y4m_header("YUV4MPEG2 W5 H3 Cmono16");
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->format.chroma, Chroma::none);
  EXPECT_EQ(grey->format.bytes(), 30U);
  const auto odd = parse_y4m_header("YUV4MPEG2 H3 W5");
  ASSERT_TRUE(odd.ok());
  EXPECT_EQ(odd->format.bytes(), 15U + 2 * 3 * 2);
}

TEST(Y4m, HeadersThatCannotServe) {
  for (const char* line : {"", "YUV4MPEG", "RIFF", "YUV4MPEG2", "YUV4MPEG2 W10", "YUV4MPEG2 W0 H5", "YUV4MPEG2 W-5 H5",
                           "YUV4MPEG2 W5x H5", "YUV4MPEG2 W99999999999 H5", "YUV4MPEG2 W65537 H5", "YUV4MPEG2 W5 H"}) {
    const auto header = parse_y4m_header(line);
    ASSERT_FALSE(header.ok()) << line;
    EXPECT_EQ(header.error().code, ErrorCode::bad_input) << line;
  }
  for (const char* line :
       {"YUV4MPEG2 W4 H4 C411", "YUV4MPEG2 W4 H4 C444alpha", "YUV4MPEG2 W4 H4 C420p8", "YUV4MPEG2 W4 H4 C420p17",
        "YUV4MPEG2 W4 H4 C", "YUV4MPEG2 W4 H4 It", "YUV4MPEG2 W4 H4 Im"}) {
    const auto header = parse_y4m_header(line);
    ASSERT_FALSE(header.ok()) << line;
    EXPECT_EQ(header.error().code, ErrorCode::unsupported) << line;
  }
}

}  // namespace
}  // namespace mantissa::image
