#include "image/codec.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "base/memory.h"
#include "image/degrade.h"
#include "image/held_memory.h"
#include "image/metrics.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

PictureInfo info_of(const Picture& picture, int bits, bool alpha = false) {
  PictureInfo info;
  info.width = picture.width;
  info.height = picture.height;
  info.channels = picture.channels - (alpha ? 1 : 0);
  info.has_alpha = alpha;
  info.bits = bits;
  return info;
}

// In batches of `rows`, as a tiled run gives them.
Result<void> write(const std::filesystem::path& path, const Picture& picture, const PictureInfo& info, int rows = 7,
                   const WriteOptions& options = {}) {
  MANTISSA_ASSIGN(const auto writer, create_picture(path, info, options));
  for (int y = 0; y < picture.height; y += rows) {
    const int count = std::min(rows, picture.height - y);
    MANTISSA_TRY(writer->write_rows(crop(picture, {0, y, picture.width, count})));
  }
  return writer->finish();
}

Picture read_whole(PictureReader& reader) {
  auto picture = reader.read({0, 0, reader.info().width, reader.info().height});
  EXPECT_TRUE(picture) << picture.error().message();
  return picture ? *picture : Picture();
}

struct Kind {
  const char* extension;
  int channels;
  bool alpha;
  int bits;
};

class LosslessFile : public ::testing::TestWithParam<Kind> {};

TEST_P(LosslessFile, ReturnsEverySample) {
  const auto [extension, channels, alpha, bits] = GetParam();
  const testing::TemporaryFolder folder;
  for (const auto& [width, height] : {std::pair{61, 45}, {1, 9}, {9, 1}, {1, 1}, {3, 300}}) {
    const Picture picture = testing::pattern(width, height, channels + (alpha ? 1 : 0), bits == 8 ? 255 : 65535);
    const auto path = folder / (std::string("picture") + extension);
    const auto written = write(path, picture, info_of(picture, bits, alpha));
    ASSERT_TRUE(written) << Result<void>(written).error().message();
    const auto reader = open_picture(path);
    ASSERT_TRUE(reader) << reader.error().message();
    const PictureInfo& info = (*reader)->info();
    EXPECT_EQ(info.width, width);
    EXPECT_EQ(info.height, height);
    EXPECT_EQ(info.channels, channels);
    EXPECT_EQ(info.has_alpha, alpha);
    EXPECT_EQ(info.bits, bits);
    EXPECT_EQ(read_whole(**reader).samples, picture.samples);
  }
}

std::string name_of_kind(const ::testing::TestParamInfo<Kind>& kind) {
  return std::string(kind.param.extension + 1) + (kind.param.channels == 1 ? "Grey" : "Rgb") +
         (kind.param.alpha ? "Alpha" : "") + std::to_string(kind.param.bits);
}

INSTANTIATE_TEST_SUITE_P(
    Codec, LosslessFile,
    ::testing::Values(Kind{".png", 1, false, 8}, Kind{".png", 1, true, 8}, Kind{".png", 3, false, 8},
                      Kind{".png", 3, true, 8}, Kind{".png", 1, false, 16}, Kind{".png", 3, false, 16},
                      Kind{".png", 3, true, 16}, Kind{".tif", 1, false, 8}, Kind{".tif", 1, true, 8},
                      Kind{".tif", 3, false, 8}, Kind{".tiff", 3, true, 8}, Kind{".tif", 3, true, 16},
                      Kind{".tif", 1, false, 16}, Kind{".tif", 1, false, 32}, Kind{".tif", 3, false, 32}),
    name_of_kind);

Picture smooth(int width, int height, int channels) {
  Picture picture(width, height, channels);
  for (int channel = 0; channel < channels; ++channel) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        picture.row(channel, y)[x] = 0.2F + 0.5F * static_cast<float>(x + y) / static_cast<float>(width + height) +
                                     0.1F * static_cast<float>(channel);
      }
    }
  }
  return picture;
}

TEST(Codec, LossyFilesStayClose) {
  const testing::TemporaryFolder folder;
  for (const auto& [extension, channels] : {std::pair{".jpg", 1}, {".jpeg", 3}, {".webp", 3}, {".webp", 4}}) {
    const Picture picture = smooth(120, 80, channels);
    const auto path = folder / (std::string("picture") + extension);
    const auto written = write(path, picture, info_of(picture, 16, channels == 4));
    ASSERT_TRUE(written) << Result<void>(written).error().message();
    const auto reader = open_picture(path);
    ASSERT_TRUE(reader) << reader.error().message();
    EXPECT_EQ((*reader)->info().bits, 8);
    EXPECT_EQ((*reader)->info().has_alpha, channels == 4);
    EXPECT_GT(psnr(read_whole(**reader), picture), 40);
  }
}

TEST(Codec, QualityAndCompressionAreHeeded) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(200, 200, 3);
  const auto size = [&](const char* name, WriteOptions options) {
    EXPECT_TRUE(write(folder / name, picture, info_of(picture, 8), 64, options));
    return std::filesystem::file_size(folder / name);
  };
  EXPECT_LT(size("a.jpg", {.quality = 30}), size("b.jpg", {}));
  EXPECT_LT(size("a.png", {.compression = 9}), size("b.png", {.compression = 0}));
}

TEST(Codec, SixteenBitsBecomeThoseThatTheFormatHas) {
  const testing::TemporaryFolder folder;
  const Picture picture = smooth(20, 20, 1);
  ASSERT_TRUE(write(folder / "a.png", picture, info_of(picture, 32)));
  EXPECT_EQ((*open_picture(folder / "a.png"))->info().bits, 16);
}

// Rows asked for in an order that no file has: tiles with a border, backwards, at random.
TEST(Codec, ReadsRectanglesInAnyOrder) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(300, 2000, 3);
  for (const char* name : {"a.png", "a.tif"}) {
    ASSERT_TRUE(write(folder / name, picture, info_of(picture, 8), 512));
    const auto reader = open_picture(folder / name);
    ASSERT_TRUE(reader) << reader.error().message();
    std::vector<Rectangle> rectangles;
    for (int y = 0; y < 2000; y += 200) {
      for (int x = 0; x < 300; x += 100) {
        const int left = std::max(0, x - 16), top = std::max(0, y - 16);
        rectangles.push_back({left, top, std::min(300, x + 116) - left, std::min(2000, y + 216) - top});
      }
    }
    for (int y = 1900; y >= 0; y -= 100) rectangles.push_back({10, y, 50, 60});
    for (unsigned i = 0; i < 30; ++i) {
      rectangles.push_back({static_cast<int>(i * 37 % 290), static_cast<int>(i * 7919 % 1990), 10, 10});
    }
    rectangles.push_back({0, 0, 300, 2000});
    for (const Rectangle& rectangle : rectangles) {
      const auto part = (*reader)->read(rectangle);
      ASSERT_TRUE(part) << part.error().message();
      ASSERT_EQ(part->samples, crop(picture, rectangle).samples) << name << " " << rectangle.x << "," << rectangle.y;
    }
  }
}

TEST(Codec, SamplesAreClippedAndRounded) {
  const testing::TemporaryFolder folder;
  Picture picture(5, 1, 1);
  picture.samples = {-3.0F, 0.4F / 255, 0.6F / 255, 5.0F, 254.5F / 255};
  ASSERT_TRUE(write_picture(folder / "a.png", picture));
  EXPECT_EQ(read_picture(folder / "a.png")->samples, (std::vector<float>{0, 0, 1.0F / 255, 1, 1}));
}

TEST(Codec, ReadPictureLeavesAlphaOut) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(8, 8, 4);
  ASSERT_TRUE(write(folder / "a.png", picture, info_of(picture, 8, true)));
  EXPECT_EQ(read_picture(folder / "a.png")->samples, select_channels(picture, 0, 3).samples);
}

TEST(Codec, RefusesWhatAFormatCannotHold) {
  const testing::TemporaryFolder folder;
  const auto refused = [&](const char* name, const PictureInfo& info) {
    const auto writer = create_picture(folder / name, info);
    if (writer) return std::string("accepted");
    EXPECT_EQ(writer.error().code, ErrorCode::bad_input);
    return writer.error().message();
  };
  const PictureInfo small = info_of(Picture(4, 4, 3), 8);
  PictureInfo alpha = small, wide = small;
  alpha.has_alpha = true;
  wide.width = 70000;
  EXPECT_NE(refused("a.jpg", alpha).find("alpha"), std::string::npos);
  EXPECT_NE(refused("a.jpg", wide).find("65500"), std::string::npos);
  EXPECT_NE(refused("a.webp", wide).find("16383"), std::string::npos);
  EXPECT_NE(refused("a.xyz", small).find(".xyz"), std::string::npos);
  EXPECT_NE(refused("a", small).find("extension"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Said before any work is done.
TEST(Codec, WhatIsEncodedAsAWholeMustFitIntoMemory) {
  if (!base::available_memory()) GTEST_SKIP() << "the system does not say how much is free";
  EXPECT_TRUE(check_held(1e3, "is encoded as .webp"));
  EXPECT_TRUE(check_held(0, "streams"));
  const auto refused = check_held(1e15, "is encoded as .webp");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find(".webp as a whole, which takes about 1000000.0 GB"), std::string::npos)
      << refused.error().message();
}

TEST(Codec, RowsReadAheadAreThoseOfTheFile) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(300, 900, 3);
  ASSERT_TRUE(write(folder / "a.png", picture, info_of(picture, 8), 512));
  const auto reader = open_picture(folder / "a.png");
  ASSERT_TRUE(reader);
  for (int y = 0; y < 900; y += 100) {
    const auto rows = (*reader)->read({0, y, 300, 100});
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_EQ(rows->samples, crop(picture, {0, y, 300, 100}).samples);
    (*reader)->read_ahead(y + 100, std::min(y + 200, 900));  // left alone at the end: the destructor waits
  }
}

// As tiles are: side by side, each row of them over some rows of the last, while the next rows are decoded.
TEST(Codec, TilesAreReadWhileTheNextRowsAreDecoded) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(301, 900, 3);
  ASSERT_TRUE(write(folder / "a.png", picture, info_of(picture, 8), 512));
  const auto reader = open_picture(folder / "a.png");
  ASSERT_TRUE(reader);
  Picture tile;
  for (int y = 0; y + 120 <= 900; y += 100) {
    for (int x = 0; x + 101 <= 301; x += 100) {
      const Rectangle area{x, y, 101, 120};
      ASSERT_TRUE((*reader)->read_into(area, tile));
      EXPECT_EQ(tile.samples, crop(picture, area).samples) << x << " " << y;
      if (x == 0) (*reader)->read_ahead(y + 120, std::min(y + 220, 900));
    }
  }
}

TEST(Codec, ARowIsPutTogetherFromPieces) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(301, 40, 3);
  const auto writer = create_picture(folder / "a.png", info_of(picture, 8));
  ASSERT_TRUE(writer);
  for (int from = 0; from < 40; from += 20) {
    ASSERT_TRUE((*writer)->begin_rows(20));
    for (const int x : {200, 0, 100}) {
      const Picture piece = crop(picture, {x, from, x == 200 ? 101 : 100, 20});
      for (int y = 19; y >= 0; --y) put_row(**writer, piece, y, x, piece.width);
    }
    ASSERT_TRUE((*writer)->end_rows());
  }
  ASSERT_TRUE((*writer)->finish());
  const auto reader = open_picture(folder / "a.png");
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_whole(**reader).samples, picture.samples);
}

// Encoders take many rows at a time; those of long rows wait for some.
TEST(Codec, RowsOfAWidePictureStayInOrder) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(20'000, 150, 3);
  for (const char* name : {"a.tif", "a.png", "a.jpg"}) {
    ASSERT_TRUE(write(folder / name, picture, info_of(picture, 8), 70)) << name;
    const auto back = read_picture(folder / name);
    ASSERT_TRUE(back) << name;
    if (std::string_view(name) == "a.jpg") continue;  // written in order, or it would have failed
    EXPECT_TRUE(back->samples == picture.samples) << name;
  }
}

TEST(Codec, AnUnfinishedPictureLeavesNothing) {
  const testing::TemporaryFolder folder;
  const Picture picture = testing::pattern(50, 400, 3);
  {
    const auto writer = create_picture(folder / "a.png", info_of(picture, 8));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write_rows(crop(picture, {0, 0, 50, 100})));
  }
  {
    const auto writer = create_picture(folder / "b.png", info_of(picture, 8));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write_rows(crop(picture, {0, 0, 50, 100})));
    EXPECT_FALSE((*writer)->finish());  // rows are missing
    EXPECT_FALSE((*writer)->write_rows(Picture(50, 301, 3)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A limit on the size of files stands for a full disk: both make write() fail.
TEST(Codec, AFullDiskIsAnErrorAndLeavesNothing) {
  const testing::TemporaryFolder folder;
  const Picture picture = degrade(Picture(500, 2000, 3, 0.5F), *parse_degradation("noise:50"), 1).input;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100'000;
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const char* name : {"a.png", "a.jpg", "a.tif", "a.webp"}) {
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
    auto written = write(folder / name, picture, info_of(picture, 8), 100);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(written) << name;
    EXPECT_NE(written.error().message().find("write"), std::string::npos) << written.error().message();
    EXPECT_EQ(written.error().code, ErrorCode::bad_input) << written.error().message();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << name;
  }
  std::signal(SIGXFSZ, handler);
}

TEST(Codec, ListsThePicturesOfAFolder) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"b.png", "a.JPG", "c.txt", "d.tiff", ".hidden"}) testing::write_bytes(folder / name, {'x'});
  std::filesystem::create_directory(folder / "e.png");
  const auto pictures = pictures_in(folder.path());
  ASSERT_TRUE(pictures);
  EXPECT_EQ(*pictures, (std::vector{folder / "a.JPG", folder / "b.png", folder / "d.tiff"}));
  EXPECT_FALSE(pictures_in(folder / "nowhere"));
}

}  // namespace
}  // namespace mantissa::image
