#include "run/restore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "image/colour.h"
#include "image/resize.h"
#include "run/shared_material.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

using image::Picture;

class Restore : public EveryProvider {};
INSTANTIATE_TEST_SUITE_P(All, Restore, EveryProvider::all(), EveryProvider::name_of);

// Gives every pixel back, `scale` x `scale` times: what restore() does around it is all that remains.
class Repeater : public Session {
 public:
  explicit Repeater(int scale) : scale_(scale) {}
  Result<void> run(const TensorView& input, const TensorView& output) override {
    ++runs;
    const auto [low, high] = std::minmax_element(input.data, input.data + input.count());
    lowest = std::min(lowest, *low);
    highest = std::max(highest, *high);
    const std::int64_t height = output.shape[2], width = output.shape[3];
    for (std::int64_t c = 0; c < output.shape[1]; ++c)
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
          output.data[(c * height + y) * width + x] =
              input.data[(c * input.shape[2] + y / scale_) * input.shape[3] + x / scale_];
    if (poison) output.data[output.count() / 2] = poisoned;
    return {};
  }
  Result<std::vector<float>> run(const TensorView&, std::vector<std::int64_t>&) override {
    return unsupported("not here");
  }
  Result<Placement> placement() override { return unsupported("not here"); }

  int runs = 0;
  float lowest = 1e9F, highest = -1e9F;
  bool poison = false;
  float poisoned = NAN;

 private:
  int scale_;
};

net::Task task_of(net::Colour colour, int scale, int radius = 2) {
  net::Task task;
  task.colour = colour;
  task.scale = scale;
  task.radius = radius;
  return task;
}

// fp32: engines add in another order for another width, which moves a sample by 1e-5 of the way from black to white or
// less.
TEST_P(Restore, TilesGiveTheSameAsTheWhole) {
  for (const int stride : {1, 2}) {
    const net::Network network = small_network(3, 2, stride);
    auto session = open(GetParam(), network.graph);
    ASSERT_TRUE(session.ok()) << session.error().message();
    for (const auto& [width, height] : {std::pair{101, 67}, {128, 96}, {23, 150}, {11, 7}, {65, 64}}) {
      const Picture picture = random_picture(width, height, 3);
      const auto whole = restore(**session, network.task, picture, {.tile_size = 200});
      ASSERT_TRUE(whole.ok());
      EXPECT_EQ(whole->width, 2 * width);
      for (const int tile : {24, 40, 64}) {
        const auto tiled = restore(**session, network.task, picture, {.tile_size = tile});
        ASSERT_TRUE(tiled.ok());
        EXPECT_LT(largest_difference(whole->samples, tiled->samples), 1e-5F) << width << "x" << height << " " << tile;
      }
    }
  }
}

TEST_P(Restore, TilesOfARealNetworkGiveTheSameAsTheWhole) {
  MANTISSA_NEEDS_SHARED("onnx/srvgg.onnx");
  const std::string onnx = bytes_of_file(shared_folder() / "onnx/srvgg.onnx");
  auto session = open(GetParam(), std::string_view(onnx));
  ASSERT_TRUE(session.ok());
  const net::Task task = task_of(net::Colour::rgb, 4, 18);
  const Picture picture = image::resize_bicubic(random_picture(12, 10, 3), 120, 97);
  const auto whole = restore(**session, task, picture, {.tile_size = 120});
  const auto tiled = restore(**session, task, picture, {.tile_size = 60});
  ASSERT_TRUE(whole.ok() && tiled.ok());
  EXPECT_LT(largest_difference(whole->samples, tiled->samples), 1e-5F);
}

TEST(RestoreAround, EveryColourAndPictureKeepsAWhiteAndABlackPicture) {
  for (const auto colour : {net::Colour::rgb, net::Colour::ycbcr, net::Colour::luminance}) {
    for (const int channels : {1, 3}) {
      for (const float level : {0.0F, 1.0F}) {
        Repeater session(2);
        const auto result = restore(session, task_of(colour, 2), Picture(50, 40, channels, level), {.tile_size = 16});
        ASSERT_TRUE(result.ok()) << result.error().message();
        EXPECT_EQ(result->channels, channels);
        EXPECT_EQ(result->width, 100);
        for (const float sample : result->samples) ASSERT_NEAR(sample, level, 1e-5F);
        EXPECT_GT(session.runs, 4);
      }
    }
  }
}

TEST(RestoreAround, EveryPixelFindsItsPlace) {
  const Picture picture = random_picture(123, 77, 3);
  for (const int multiple : {1, 8}) {
    Repeater session(1);
    net::Task task = task_of(net::Colour::rgb, 1);
    task.size_multiple = multiple;
    const auto result = restore(session, task, picture, {.tile_size = 32});
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->samples, picture.samples);
  }
}

TEST(RestoreAround, PicturesSmallerThanTheSizeMultiple) {
  for (const int side : {1, 2, 3}) {
    Repeater session(2);
    net::Task task = task_of(net::Colour::rgb, 2);
    task.size_multiple = 16;
    const Picture picture = random_picture(side, 1, 3);
    const auto result = restore(session, task, picture);
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->width, 2 * side);
    EXPECT_EQ(result->samples[0], picture.samples[0]);
  }
}

TEST(RestoreAround, NetworkGetsItsOwnRange) {
  Repeater session(1);
  net::Task task = task_of(net::Colour::rgb, 1);
  task.range_low = -1;
  task.range_high = 3;
  Picture picture = random_picture(40, 40, 3);
  picture.samples[0] = 0;
  picture.samples[1] = 1;
  const auto result = restore(session, task, picture, {.tile_size = 20});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(session.lowest, -1);
  EXPECT_EQ(session.highest, 3);
  EXPECT_LT(largest_difference(result->samples, picture.samples), 1e-6F);
  task.range_out = net::Range{-1, 7};  // what the network repeats means half of it then
  const auto half = restore(session, task, picture, {.tile_size = 20});
  ASSERT_TRUE(half.ok());
  for (float& sample : picture.samples) sample /= 2;
  EXPECT_LT(largest_difference(half->samples, picture.samples), 1e-6F);
}

TEST(RestoreAround, ChromaOfALuminanceNetworkIsResampledAcrossTiles) {
  Repeater session(3);
  const Picture picture = image::resize_bicubic(random_picture(9, 7, 3), 60, 50);
  const net::Task task = task_of(net::Colour::luminance, 3, 0);
  const auto tiled = restore(session, task, picture, {.tile_size = 11});
  ASSERT_TRUE(tiled.ok());
  const Picture expected = image::resize_bicubic(image::rgb_to_ycbcr(picture), 180, 150);
  const Picture got = image::rgb_to_ycbcr(*tiled);
  EXPECT_LT(largest_difference(got.plane(1), expected.plane(1)), 1e-5F);
  EXPECT_LT(largest_difference(got.plane(2), expected.plane(2)), 1e-5F);
}

TEST(RestoreAround, NanAndInfinityAreErrorsThatSayWhere) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Repeater session(1);
    session.poison = true;
    session.poisoned = bad;
    auto result = restore(session, task_of(net::Colour::rgb, 1), random_picture(64, 64, 3), {.tile_size = 40});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
    EXPECT_NE(result.error().message().find("NaN"), std::string::npos);
  }
}

// A picture with alpha, read row of tiles by row of tiles, as files are.
class AlphaReader : public image::PictureReader {
 public:
  explicit AlphaReader(Picture picture) : picture_(std::move(picture)) {
    info_.width = picture_.width;
    info_.height = picture_.height;
    info_.channels = picture_.channels - 1;
    info_.has_alpha = true;
  }
  const image::PictureInfo& info() const override { return info_; }
  Result<void> read_into(image::Rectangle rectangle, Picture& picture) override {
    EXPECT_GE(rectangle.y, first_row_) << "the reader has forgotten these rows";
    first_row_ = rectangle.y;
    image::crop_into(picture_, rectangle, picture);
    return {};
  }

 private:
  Picture picture_;
  image::PictureInfo info_;
  int first_row_ = 0;
};

class Collector : public image::PictureWriter {
 public:
  explicit Collector(int width) : width_(width) {}
  Result<void> begin_rows(int count) override {
    first_row_ = rows;
    rows += count;
    last_channel.resize(static_cast<std::size_t>(rows * width_), -1.0F);
    return {};
  }
  void put(int y, int x, Lines lines, std::size_t count) override {
    channels = static_cast<int>(lines.size());
    std::copy_n(lines.back(), count, last_channel.begin() + (first_row_ + y) * width_ + x);
  }
  Result<void> end_rows() override { return {}; }
  Result<void> finish() override {
    finished = true;
    return {};
  }
  int rows = 0;
  std::atomic<int> channels = 0;
  bool finished = false;
  std::vector<float> last_channel;

 private:
  int width_;
  int first_row_ = 0;
};

TEST(RestoreAround, AlphaIsResampledAndRowsAreReadFromTheTop) {
  for (const auto colour : {net::Colour::rgb, net::Colour::ycbcr, net::Colour::luminance}) {
    for (const auto& [channels, scale] : {std::pair{2, 1}, {2, 2}, {4, 1}, {4, 2}}) {
      const Picture picture = random_picture(70, 90, channels);
      AlphaReader reader(picture);
      Collector writer(70 * scale);
      Repeater session(scale);
      int calls = 0;
      const auto statistics =
          restore(session, task_of(colour, scale), reader, writer, {.tile_size = 20}, [&](int done, int tiles) {
            EXPECT_EQ(done, ++calls);
            EXPECT_GE(tiles, done);
          });
      ASSERT_TRUE(statistics.ok());
      EXPECT_EQ(statistics->tiles, session.runs);
      EXPECT_EQ(statistics->input_pixels, 70 * 90);
      EXPECT_TRUE(writer.finished);
      EXPECT_EQ(writer.rows, 90 * scale);
      EXPECT_EQ(writer.channels, channels);
      const Picture alpha = image::select_channels(picture, channels - 1, 1);
      const Picture expected = scale == 1 ? alpha : image::resize_bicubic(alpha, 70 * scale, 90 * scale);
      EXPECT_LT(largest_difference(writer.last_channel, expected.samples), 1e-5F);
    }
  }
}

// With a network that repeats pixels, restored alpha is alpha repeated.
TEST(RestoreAround, AlphaCanBeRestored) {
  for (const auto colour : {net::Colour::rgb, net::Colour::ycbcr, net::Colour::luminance}) {
    for (const int channels : {2, 4}) {
      const Picture picture = random_picture(50, 40, channels);
      AlphaReader reader(picture);
      Collector writer(100);
      Repeater session(2);
      net::Task task = task_of(colour, 2);
      task.range_high = 255;
      const auto done = restore(session, task, reader, writer, {.tile_size = 20, .restore_alpha = true}, {});
      ASSERT_TRUE(done.ok());
      EXPECT_EQ(session.runs, 2 * done->tiles);
      ASSERT_EQ(writer.last_channel.size(), 100U * 80U);
      for (int y = 0; y < 80; ++y)
        for (int x = 0; x < 100; ++x)
          ASSERT_NEAR(writer.last_channel[static_cast<std::size_t>(y * 100 + x)],
                      picture.row(channels - 1, y / 2)[x / 2], 1e-5F);
    }
  }
}

}  // namespace
}  // namespace mantissa::run
