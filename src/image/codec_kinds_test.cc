// Everything that a TIFF file may hold arrives as grey or RGB.
#include <gtest/gtest.h>

#include <cstring>

#include "image/codec.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

// An uncompressed little-endian TIFF (revision 6.0) of one strip.
struct Tiff {
  std::uint32_t width = 2;
  std::uint32_t height = 1;
  std::uint32_t photometric = 2;  // 0 white is 0, 1 black is 0, 2 RGB, 3 palette, 5 CMYK, 8 CIE Lab
  std::uint32_t bits = 8;
  std::uint32_t channels = 3;
  std::uint32_t sample_format = 1;  // 1 unsigned, 2 signed, 3 floating point
  std::vector<std::uint16_t> palette = {};
  std::string data;
};

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::vector<char> bytes_of(const Tiff& tiff) {
  struct Entry {
    std::uint32_t tag, type, count, value;
  };
  constexpr std::uint32_t kEntries = 11;
  const std::uint32_t after = 8 + 2 + 12 * kEntries + 4;
  const auto data_size = static_cast<std::uint32_t>(tiff.data.size());
  const std::uint32_t bits_at = after + data_size + data_size % 2, formats_at = bits_at + 8,
                      palette_at = formats_at + 8;
  const bool few = tiff.channels <= 1;
  std::vector<Entry> entries{{256, 4, 1, tiff.width},
                             {257, 4, 1, tiff.height},
                             {258, 3, tiff.channels, few ? tiff.bits : bits_at},
                             {259, 3, 1, 1},
                             {262, 3, 1, tiff.photometric},
                             {273, 4, 1, after},
                             {277, 3, 1, tiff.channels},
                             {278, 4, 1, tiff.height},
                             {279, 4, 1, data_size},
                             {339, 3, tiff.channels, few ? tiff.sample_format : formats_at}};
  if (tiff.palette.empty()) {
    entries.insert(entries.begin() + 9, {284, 3, 1, 1});
  } else {
    entries.insert(entries.begin() + 9, {320, 3, static_cast<std::uint32_t>(tiff.palette.size()), palette_at});
  }
  std::string out = "II*";
  put(out, 0, 1), put(out, 8, 4), put(out, kEntries, 2);
  for (const Entry& entry : entries) {
    put(out, entry.tag, 2), put(out, entry.type, 2), put(out, entry.count, 4), put(out, entry.value, 4);
  }
  put(out, 0, 4);
  out += tiff.data;
  if (out.size() % 2 == 1) out += '\0';
  for (int i = 0; i < 4; ++i) put(out, tiff.bits, 2);
  for (int i = 0; i < 4; ++i) put(out, tiff.sample_format, 2);
  for (const std::uint16_t entry : tiff.palette) put(out, entry, 2);
  return {out.begin(), out.end()};
}

std::string floats(const std::vector<float>& values) {
  std::string out(values.size() * sizeof(float), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

struct Read {
  PictureInfo info;
  std::vector<float> samples;
};

Read read(const Tiff& tiff) {
  const testing::TemporaryFolder folder;
  testing::write_bytes(folder / "a.tif", bytes_of(tiff));
  const auto reader = open_picture(folder / "a.tif");
  EXPECT_TRUE(reader) << reader.error().message();
  if (!reader) return {};
  const PictureInfo& info = (*reader)->info();
  const auto picture = (*reader)->read({0, 0, info.width, info.height});
  EXPECT_TRUE(picture) << picture.error().message();
  return {info, picture ? picture->samples : std::vector<float>()};
}

void expect_near(const std::vector<float>& samples, const std::vector<double>& levels, double tolerance) {
  ASSERT_EQ(samples.size(), levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) EXPECT_NEAR(samples[i] * 255, levels[i], tolerance) << i;
}

TEST(CodecKinds, OneBitIsGrey) {
  const auto [info, samples] = read({.width = 8, .photometric = 1, .bits = 1, .channels = 1, .data = "\xA5"});
  EXPECT_EQ(info.channels, 1);
  EXPECT_EQ(info.bits, 8);
  expect_near(samples, {255, 0, 255, 0, 0, 255, 0, 255}, 0);
}

TEST(CodecKinds, WhiteIsZeroIsTurned) {
  const auto [info, samples] = read({.photometric = 0, .channels = 1, .data = std::string("\x00\xF0", 2)});
  EXPECT_EQ(info.channels, 1);
  expect_near(samples, {255, 15}, 0);
}

TEST(CodecKinds, APaletteIsRgb) {
  std::vector<std::uint16_t> palette(768, 0);
  palette[1] = 0xFFFF, palette[256 + 2] = 0x8080, palette[512 + 2] = 0x4040;
  const auto [info, samples] = read({.photometric = 3, .channels = 1, .palette = palette, .data = "\x01\x02"});
  EXPECT_EQ(info.channels, 3);
  EXPECT_FALSE(info.has_alpha);
  expect_near(samples, {255, 0, 0, 128, 0, 64}, 0);
}

TEST(CodecKinds, SixteenBitsAreKOver65535) {
  const auto [info, samples] =
      read({.photometric = 1, .bits = 16, .channels = 1, .data = std::string("\x01\x00\xFF\xFF", 4)});
  EXPECT_EQ(info.bits, 16);
  EXPECT_EQ(samples, (std::vector<float>{1.0F / 65535, 1.0F}));
}

TEST(CodecKinds, FloatsAreTakenAsStored) {
  const std::vector<float> values{0.25F, -0.5F, 1.5F, 0.0F, 1.0F, 0.75F};
  const auto [info, samples] = read({.bits = 32, .sample_format = 3, .data = floats(values)});
  EXPECT_EQ(info.bits, 32);
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(samples, (std::vector<float>{0.25F, 0.0F, -0.5F, 1.0F, 1.5F, 0.75F}));
  const auto grey =
      read({.photometric = 1, .bits = 32, .channels = 1, .sample_format = 3, .data = floats({0.1F, 2.0F})});
  EXPECT_EQ(grey.samples, (std::vector<float>{0.1F, 2.0F}));
}

TEST(CodecKinds, CmykIsRgb) {
  const std::string data("\x00\x00\x00\x00\x00\x00\x00\xFF", 8);  // no ink, and all black ink
  const auto [info, samples] = read({.photometric = 5, .channels = 4, .data = data});
  EXPECT_EQ(info.channels, 3);
  EXPECT_FALSE(info.has_alpha);
  EXPECT_EQ(info.bits, 8);
  ASSERT_EQ(samples.size(), 6U);
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_GT(samples[static_cast<std::size_t>(2 * channel)], 0.97);
    EXPECT_LT(samples[static_cast<std::size_t>(2 * channel + 1)], 0.2);
  }
}

TEST(CodecKinds, LabIsRgb) {
  // L* = 100 (libvips extends 255 of 255 with zeros to 99.7) and L* = 53.4: white, and the sRGB grey 128.
  const std::string data("\xFF\x00\x00\x88\x00\x00", 6);
  const auto [info, samples] = read({.photometric = 8, .data = data});
  EXPECT_EQ(info.channels, 3);
  EXPECT_EQ(info.bits, 8);
  expect_near(samples, {254.5, 127.4, 254.5, 127.4, 254.5, 127.4}, 1.5);
}

// A profile (ICC.1:2022) of sRGB's primaries (IEC 61966-2-1, adapted to D50) without curves: the numbers are light.
std::vector<std::byte> linear_profile() {
  std::string out(128, '\0');
  const auto big = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  };
  const std::vector<std::pair<std::string, std::vector<std::uint32_t>>> tags{{"wtpt", {0xF6D6, 0x10000, 0xD32D}},
                                                                             {"rXYZ", {0x6FA2, 0x38F5, 0x0390}},
                                                                             {"gXYZ", {0x6299, 0xB785, 0x18DA}},
                                                                             {"bXYZ", {0x24A0, 0x0F84, 0xB6CF}},
                                                                             {"rTRC", {}},
                                                                             {"gTRC", {}},
                                                                             {"bTRC", {}}};
  big(static_cast<std::uint32_t>(tags.size()));
  std::uint32_t at = 132 + 12 * static_cast<std::uint32_t>(tags.size());
  for (const auto& [name, numbers] : tags) {
    const std::uint32_t size = numbers.empty() ? 12 : 20;
    out += name, big(at), big(size);
    at += size;
  }
  for (const auto& [name, numbers] : tags) {
    out += numbers.empty() ? "curv" : "XYZ ", big(0);
    if (numbers.empty()) big(0);
    for (const std::uint32_t number : numbers) big(number);
  }
  std::string head;
  std::swap(head, out);
  big(static_cast<std::uint32_t>(head.size())), out += std::string("none\x02\x10\0\0mntrRGB XYZ ", 20);
  head.replace(0, out.size(), out), out.clear();
  out = "acsp", head.replace(36, 4, out), out.clear();
  for (const std::uint32_t number : {0xF6D6U, 0x10000U, 0xD32DU}) big(number);
  head.replace(68, 12, out);
  std::vector<std::byte> bytes;
  for (const char c : head) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

TEST(CodecKinds, LinearLightIsSrgb) {
  const testing::TemporaryFolder folder;
  for (const auto& [bits, channels] : {std::pair{16, 3}, {32, 3}, {16, 4}, {8, 3}}) {
    Picture picture(4, 2, channels, 0.21404F);  // of the light of white: half of the way in sRGB
    if (channels == 4)
      for (float& alpha : picture.plane(3)) alpha = 0.25F;
    PictureInfo info;
    info.width = 4, info.height = 2, info.channels = 3, info.has_alpha = channels == 4, info.bits = bits;
    info.metadata.colour_profile = linear_profile();
    const auto writer = create_picture(folder / "a.tif", info);
    ASSERT_TRUE(writer && (*writer)->write_rows(picture) && (*writer)->finish());
    const auto reader = open_picture(folder / "a.tif");
    ASSERT_TRUE(reader) << reader.error().message();
    EXPECT_TRUE((*reader)->info().metadata.colour_profile.empty()) << "it describes the pixels no longer";
    EXPECT_EQ((*reader)->info().bits, 16);
    const auto read = (*reader)->read({0, 0, 4, 2});
    ASSERT_TRUE(read) << read.error().message();
    for (const float sample : select_channels(*read, 0, 3).samples)
      EXPECT_NEAR(sample, 0.5F, bits == 8 ? 0.003 : 0.001);
    if (channels == 4) {
      EXPECT_NEAR(read->samples.back(), 0.25F, 0.001);
    }
  }
}

TEST(CodecKinds, SignedSamplesAreRefused) {
  const testing::TemporaryFolder folder;
  testing::write_bytes(folder / "a.tif",
                       bytes_of({.photometric = 1, .bits = 16, .channels = 1, .sample_format = 2, .data = "abcd"}));
  const auto reader = open_picture(folder / "a.tif");
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace mantissa::image
