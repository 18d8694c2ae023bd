// Files that are not what they claim: each is an Error, quickly, and says nothing on standard error by itself.
#include <gtest/gtest.h>

#include "image/codec.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

// Opens and reads everything; the message of the failure, or "".
std::string failure_of(const std::filesystem::path& path) {
  ::testing::internal::CaptureStderr();
  std::string message;
  {
    const auto reader = open_picture(path);
    if (!reader) {
      EXPECT_EQ(reader.error().code, ErrorCode::bad_input) << reader.error().message();
      message = reader.error().message();
    } else {
      const PictureInfo& info = (*reader)->info();
      for (int y = 0; y < info.height && message.empty(); y += 64) {
        const auto rows = (*reader)->read({0, y, info.width, std::min(64, info.height - y)});
        if (rows) continue;
        EXPECT_EQ(rows.error().code, ErrorCode::bad_input) << rows.error().message();
        message = rows.error().message();
      }
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(message.empty() || message.find(path.filename().string()) != std::string::npos) << message;
  return message;
}

TEST(CodecDamage, ATruncatedFileIsAnError) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp"}) {
    ASSERT_TRUE(write_picture(folder / name, testing::pattern(200, 300, 3)));
    EXPECT_EQ(failure_of(folder / name), "");
    const auto bytes = testing::bytes_of(folder / name);
    for (const double share : {0.98, 0.5, 0.05, 0.001}) {
      const auto kept = static_cast<std::ptrdiff_t>(share * static_cast<double>(bytes.size()));
      testing::write_bytes(folder / name, {bytes.begin(), bytes.begin() + std::max<std::ptrdiff_t>(kept, 1)});
      EXPECT_NE(failure_of(folder / name), "") << name << " cut to " << share;
    }
  }
}

TEST(CodecDamage, FlippedBytesAreNoticedOrHarmless) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp"}) {
    ASSERT_TRUE(write_picture(folder / name, testing::pattern(100, 80, 3)));
    const auto bytes = testing::bytes_of(folder / name);
    for (std::size_t i = 0; i < 60; ++i) {
      auto damaged = bytes;
      for (std::size_t k = 0; k < 4; ++k) damaged[(i * 7919 + k * 13) % damaged.size()] ^= static_cast<char>(0x55 + k);
      testing::write_bytes(folder / name, damaged);
      const auto reader = open_picture(folder / name);
      if (!reader) continue;
      const PictureInfo& info = (*reader)->info();
      ASSERT_LE(info.width, 1'000'000);
      (void)(*reader)->read({0, 0, std::min(info.width, 200), std::min(info.height, 200)});
    }
  }
}

// PNG keeps a checksum of its data.
TEST(CodecDamage, ADamagedPngIsAnError) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_picture(folder / "a.png", testing::pattern(100, 80, 3)));
  auto bytes = testing::bytes_of(folder / "a.png");
  bytes[bytes.size() / 2] ^= 0x10;
  testing::write_bytes(folder / "a.png", bytes);
  EXPECT_NE(failure_of(folder / "a.png"), "");
}

TEST(CodecDamage, WhatIsNotAPictureIsNamedSo) {
  const testing::TemporaryFolder folder;
  const std::string text = "This is a letter, not a picture.\n";
  testing::write_bytes(folder / "text.png", {text.begin(), text.end()});
  EXPECT_NE(failure_of(folder / "text.png").find("not a picture"), std::string::npos);
  const std::string svg = R"(<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>)";
  testing::write_bytes(folder / "drawing.png", {svg.begin(), svg.end()});
  EXPECT_NE(failure_of(folder / "drawing.png"), "");
  testing::write_bytes(folder / "empty.png", {});
  EXPECT_NE(failure_of(folder / "empty.png").find("empty"), std::string::npos);
  EXPECT_NE(failure_of(folder / "missing.png").find("no such file"), std::string::npos);
  std::filesystem::create_directory(folder / "folder.png");
  EXPECT_NE(failure_of(folder / "folder.png").find("folder"), std::string::npos);
}

TEST(CodecDamage, TheKindIsToldByTheContent) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(9, 9, 3);
  ASSERT_TRUE(write_picture(folder / "a.png", picture));
  std::filesystem::rename(folder / "a.png", folder / "a[1].jpg");  // brackets are options to libvips
  const auto read = read_picture(folder / "a[1].jpg");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->samples, picture.samples);
  ASSERT_TRUE(write_picture(folder / "b[compression=0].png", picture));
  EXPECT_TRUE(std::filesystem::exists(folder / "b[compression=0].png"));
}

// The checksum of PNG chunks (ISO 3309), bit by bit.
std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
  }
  return ~crc;
}

void put_chunk(std::vector<char>& file, const std::string& type, const std::string& body) {
  const auto put = [&](std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<char>(value >> shift & 0xFF));
  };
  const std::string checked = type + body;
  put(static_cast<std::uint32_t>(body.size()));
  file.insert(file.end(), checked.begin(), checked.end());
  put(crc32(checked));
}

// A PNG header for any size, with hardly any data behind it.
std::vector<char> lying_png(std::uint32_t width, std::uint32_t height) {
  const std::string signature = "\x89PNG\r\n\x1A\n";
  std::vector<char> file(signature.begin(), signature.end());
  std::string header;
  for (const std::uint32_t side : {width, height}) {
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(side >> shift & 0xFF);
  }
  header += std::string("\x08\x02\0\0\0", 5);
  put_chunk(file, "IHDR", header);
  put_chunk(file, "IDAT", std::string("\x78\x9C\x03\0\0\0\0\x01", 8));
  put_chunk(file, "IEND", "");
  return file;
}

TEST(CodecDamage, ALyingHeaderIsCaughtBeforeAnyMemoryIsReserved) {
  const testing::TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair{2147483647U, 2147483647U},
                                      {900000U, 900000U},
                                      {100000U, 100000U},
                                      {9999999U, 1U},
                                      {1U, 9999999U},
                                      {0U, 5U}}) {
    testing::write_bytes(folder / "a.png", lying_png(width, height));
    const auto reader = open_picture(folder / "a.png");
    EXPECT_FALSE(reader) << width << " x " << height;
  }
  testing::write_bytes(folder / "b.png", lying_png(64, 64));  // possible, but there are no rows
  const std::string without_rows = failure_of(folder / "b.png");
  EXPECT_NE(without_rows.find("rows 0 to 63"), std::string::npos) << without_rows;
  EXPECT_NE(without_rows.find("undamaged copy"), std::string::npos) << without_rows;
}

// libpng warns of the reason, and libvips itself says nothing.
TEST(CodecDamage, TheReasonIsGivenForEachPictureAnew) {
  const testing::TemporaryFolder folder;
  testing::write_bytes(folder / "none.png", lying_png(0, 5));
  testing::write_bytes(folder / "huge.png", lying_png(2000000000U, 2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(open_picture(folder / "none.png").error().message().find("width is zero"), std::string::npos);
    const std::string huge = open_picture(folder / "huge.png").error().message();
    EXPECT_NE(huge.find("width exceeds"), std::string::npos) << huge;
    EXPECT_EQ(huge.find("zero"), std::string::npos) << huge;
  }
}

TEST(CodecDamage, AJpegThatClaimsTheLargestSizeIsCaught) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_picture(folder / "a.jpg", testing::pattern(64, 64, 3)));
  auto bytes = testing::bytes_of(folder / "a.jpg");
  for (std::size_t i = 0; i + 9 < bytes.size(); ++i) {
    if (bytes[i] != '\xFF' || bytes[i + 1] != '\xC0') continue;  // SOF0: length, precision, height, width
    for (std::size_t k = 5; k < 9; ++k) bytes[i + k] = static_cast<char>(k % 2 == 1 ? 0xFF : 0x00);
    break;
  }
  testing::write_bytes(folder / "a.jpg", bytes);
  EXPECT_NE(failure_of(folder / "a.jpg").find("65280 x 65280"), std::string::npos);
}

}  // namespace
}  // namespace mantissa::image
