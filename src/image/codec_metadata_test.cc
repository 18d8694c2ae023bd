// Metadata goes from the input file to the output, whatever their formats.
#include <gtest/gtest.h>

#include "image/codec.h"
#include "image/normal.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

// The header of an ICC profile (ICC.1:2022, 7.2) with one tag, of random bytes: enough for every format to carry it.
std::vector<std::byte> profile(const std::string& space, const std::string& illuminant_x = "\xF6\xD6") {
  constexpr std::size_t kSize = 0x344;
  std::vector<std::byte> bytes(kSize, std::byte{0});
  const auto put = [&](std::size_t at, const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) bytes[at + i] = static_cast<std::byte>(text[i]);
  };
  using namespace std::string_literals;
  put(0, "\0\0\x03\x44"s);  // size
  put(8, "\x02\x30\0\0"s);  // version
  put(12, "mntr"s + space + "XYZ ");
  put(36, "acsp");
  put(68, "\0\0"s + illuminant_x + "\0\x01\0\0\0\0\xD3\x2D"s);  // D50 as it must be
  put(128,
      "\0\0\0\x01"
      "cprt\0\0\0\x90\0\0\x02\xB4"s);
  for (std::size_t i = 0x90; i < kSize; ++i) bytes[i] = static_cast<std::byte>(standard_normal(1, i) * 50);
  return bytes;
}

PictureInfo info_with(const Metadata& metadata, int channels) {
  PictureInfo info;
  info.width = 20;
  info.height = 10;
  info.channels = channels;
  info.metadata = metadata;
  return info;
}

Metadata through(const std::filesystem::path& path, const Metadata& metadata, int channels) {
  const auto writer = create_picture(path, info_with(metadata, channels));
  EXPECT_TRUE(writer) << writer.error().message();
  const auto rows = (*writer)->write_rows(testing::pattern(20, 10, channels));
  EXPECT_TRUE(rows);
  auto finished = (*writer)->finish();
  EXPECT_TRUE(finished) << finished.error().message();
  const auto reader = open_picture(path);
  EXPECT_TRUE(reader) << reader.error().message();
  // Pixels are never turned.
  EXPECT_EQ((*reader)->info().width, 20);
  EXPECT_EQ((*reader)->info().height, 10);
  return (*reader)->info().metadata;
}

class MetadataOf : public ::testing::TestWithParam<const char*> {};

TEST_P(MetadataOf, IsCopied) {
  const testing::TemporaryFolder folder;
  Metadata metadata;
  metadata.colour_profile = profile("RGB ");
  metadata.orientation = 6;
  metadata.dots_per_mm = 11.811;  // 300 dots per inch
  const Metadata first = through(folder / (std::string("first") + GetParam()), metadata, 3);
  EXPECT_EQ(first.colour_profile, metadata.colour_profile);
  EXPECT_EQ(first.orientation, 6);
  // WebP has no place for the resolution.
  EXPECT_NEAR(first.dots_per_mm, std::string(GetParam()) == ".webp" ? 0 : 11.811, 0.01);
  // And once more, now with what that format keeps.
  const Metadata second = through(folder / (std::string("second") + GetParam()), first, 3);
  EXPECT_EQ(second.colour_profile, metadata.colour_profile);
  EXPECT_EQ(second.orientation, 6);
}

INSTANTIATE_TEST_SUITE_P(Codec, MetadataOf, ::testing::Values(".png", ".jpg", ".tif", ".webp"));

TEST(CodecMetadata, ExifEntriesCrossFormats) {
  const testing::TemporaryFolder folder;
  // "Exif", little-endian TIFF, one directory: ImageDescription (0x010E) = "mantissa", Orientation (0x0112) = 3.
  using namespace std::string_literals;
  const std::string exif =
      "Exif\0\0II*\0\x08\0\0\0"
      "\x02\0"
      "\x0E\x01\x02\0\x09\0\0\0\x26\0\0\0"
      "\x12\x01\x03\0\x01\0\0\0\x03\0\0\0"
      "\0\0\0\0mantissa\0"s;
  Metadata metadata;
  for (const char c : exif) metadata.exif.push_back(static_cast<std::byte>(c));
  metadata.orientation = 3;
  for (const char* name : {"a.jpg", "a.webp", "a.png"}) {
    const Metadata copied = through(folder / name, metadata, 3);
    EXPECT_EQ(copied.orientation, 3) << name;
    const std::string_view text(reinterpret_cast<const char*>(copied.exif.data()), copied.exif.size());
    EXPECT_NE(text.find("mantissa"), std::string_view::npos) << name;
  }
}

TEST(CodecMetadata, DamagedExifDoesNotStopThePicture) {
  const testing::TemporaryFolder folder;
  Metadata metadata;
  for (int i = 0; i < 3000; ++i) metadata.exif.push_back(static_cast<std::byte>(i * 37));
  (void)through(folder / "a.jpg", metadata, 3);
  metadata.exif.resize(100'000);
  (void)through(folder / "b.jpg", metadata, 3);
}

TEST(CodecMetadata, AProfileForOtherChannelsIsLeftOut) {
  const testing::TemporaryFolder folder;
  Metadata metadata;
  metadata.colour_profile = profile("RGB ");
  EXPECT_TRUE(through(folder / "a.png", metadata, 1).colour_profile.empty());
  metadata.colour_profile = profile("CMYK");
  EXPECT_TRUE(through(folder / "b.png", metadata, 3).colour_profile.empty());
}

// libpng insists on the exact white point D50 and would refuse the whole picture.
TEST(CodecMetadata, AProfileThatPngRefusesIsLeftOut) {
  const testing::TemporaryFolder folder;
  Metadata metadata;
  metadata.colour_profile = profile("RGB ", "\xF3\x51");
  EXPECT_EQ(through(folder / "a.jpg", metadata, 3).colour_profile, metadata.colour_profile);
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(through(folder / "a.png", metadata, 3).colour_profile.empty());
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("profile"), std::string::npos);
}

}  // namespace
}  // namespace mantissa::image
