#include "image/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "image/codec.h"
#include "image/testing.h"

namespace mantissa::image {
namespace {

// In 8-bit levels.
long farthest(const Picture& a, const Picture& b) {
  long levels = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    levels = std::max(levels, std::lround(std::abs(a.samples[i] - b.samples[i]) * 255));
  }
  return levels;
}

double share_of_different(const Picture& a, const Picture& b) {
  double different = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) different += a.samples[i] == b.samples[i] ? 0 : 1;
  return different / static_cast<double>(a.samples.size());
}

TEST(Resize, TheSameSizeIsTheSamePicture) {
  const Picture picture = testing::pattern(23, 17, 3);
  const Picture same = resize_bicubic(picture, 23, 17);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) ASSERT_FLOAT_EQ(same.samples[i], picture.samples[i]);
}

TEST(Resize, AFlatPictureStaysFlat) {
  const Picture picture(19, 5, 1, 0.3F);
  for (const auto& [width, height] : {std::pair{4, 1}, {100, 50}, {7, 40}, {1, 1}}) {
    const Picture resized = resize_bicubic(picture, width, height);
    ASSERT_EQ(resized.width, width);
    ASSERT_EQ(resized.height, height);
    for (const float sample : resized.samples) EXPECT_NEAR(sample, 0.3, 1e-6);
  }
}

// Halving places each output between two inputs: distances 0.25, 0.75, 1.25, 1.75 in the widened kernel on both sides.
// Keys' kernel there is
// 0.8671875, 0.2265625, -0.0703125, -0.0234375, and the weights are half of it.
TEST(Resize, HalvingAnImpulseGivesTheWidenedKernel) {
  Picture picture(16, 1, 1);
  picture.samples[7] = 1;
  const Picture halved = resize_bicubic(picture, 8, 1);
  EXPECT_NEAR(halved.samples[3], 0.8671875 / 2, 1e-6);
  EXPECT_NEAR(halved.samples[4], 0.2265625 / 2, 1e-6);
  EXPECT_NEAR(halved.samples[2], -0.0703125 / 2, 1e-6);
  EXPECT_NEAR(halved.samples[5], -0.0234375 / 2, 1e-6);
  EXPECT_NEAR(halved.samples[1], 0, 1e-6);
  EXPECT_NEAR(halved.samples[6], 0, 1e-6);
}

// Enlarging by 2 puts outputs a quarter beside the inputs, and the edge is mirrored with the edge sample repeated: the
// first output of (a, b, c, ...) sees ..., b, a, a, b, c at distances 1.75, 0.75, 0.25, 1.25 from b, a, a, b.
TEST(Resize, TheEdgeIsMirrored) {
  Picture picture(6, 1, 1);
  picture.samples = {1, 0, 0, 0, 0, 0};
  const Picture doubled = resize_bicubic(picture, 12, 1);
  EXPECT_NEAR(doubled.samples[0], 0.2265625 + 0.8671875, 1e-6);
  picture.samples = {0, 1, 0, 0, 0, 0};
  EXPECT_NEAR(resize_bicubic(picture, 12, 1).samples[0], -0.0234375 - 0.0703125, 1e-6);
}

TEST(Resize, ColumnsAndRowsAreTreatedAlike) {
  const Picture wide = testing::pattern(40, 9, 1);
  Picture tall(9, 40, 1);
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 9; ++x) tall.row(0, y)[x] = wide.row(0, x)[y];
  }
  const Picture a = resize_bicubic(wide, 13, 20), b = resize_bicubic(tall, 20, 13);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 13; ++x) ASSERT_NEAR(a.row(0, y)[x], b.row(0, x)[y], 2e-6);
  }
}

// The LR pictures of this set were made by MATLAB's imresize; about their edges see the header.
TEST(Resize, ReproducesThePicturesOfSet5) {
  const auto folder = testing::shared_folder() / "images" / "set5" / "x4";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent";
  for (int number = 1; number <= 5; ++number) {
    const std::string stem = "img_00" + std::to_string(number) + "_SRF_4_";
    const auto truth = read_picture(folder / (stem + "HR.png"));
    const auto expected = read_picture(folder / (stem + "LR.png"));
    ASSERT_TRUE(truth) << truth.error().message();
    ASSERT_TRUE(expected) << expected.error().message();
    Picture reduced = resize_bicubic(*truth, expected->width, expected->height);
    round_to_8_bits(reduced);
    EXPECT_LE(farthest(reduced, *expected), 6);
    const Rectangle inner{1, 1, expected->width - 2, expected->height - 2};
    EXPECT_LE(farthest(crop(reduced, inner), crop(*expected, inner)), 2);
    // Rounded in between, as imresize does with 8-bit pictures, nearly every sample is the same.
    reduced = resize_bicubic(*truth, truth->width, expected->height);
    round_to_8_bits(reduced);
    reduced = resize_bicubic(reduced, expected->width, expected->height);
    round_to_8_bits(reduced);
    EXPECT_LE(farthest(crop(reduced, inner), crop(*expected, inner)), 1);
    EXPECT_LT(share_of_different(crop(reduced, inner), crop(*expected, inner)), 0.005);
  }
}

float farthest_sample(const Picture& a, const Picture& b) {
  float farthest = a.samples.size() == b.samples.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.samples.size() && i < b.samples.size(); ++i)
    farthest = std::max(farthest, std::abs(a.samples[i] - b.samples[i]));
  return farthest;
}

TEST(Resample, APictureThatComesRowByRowGivesTheSame) {
  const Picture picture = testing::pattern(40, 61, 3);
  for (const auto& [width, height] : {std::pair{40, 61}, {13, 20}, {90, 150}, {41, 7}, {40, 1}, {1, 700}}) {
    const Axis columns = axis_between(40, width), rows = axis_between(61, height);
    const Picture expected = resample(picture, columns, rows);
    for (const int step : {1, 7, 61}) {
      RowResampler resampler(columns, rows, 3);
      Picture joined(width, height, 3);
      int next = 0;
      for (int y = 0; y < 61; y += step) {
        const Picture part = resampler.put(crop(picture, {0, y, 40, std::min(step, 61 - y)}));
        ASSERT_LE(next + part.height, height);
        for (int channel = 0; channel < 3; ++channel)
          std::copy(part.plane(channel).begin(), part.plane(channel).end(),
                    joined.plane(channel).begin() + static_cast<std::ptrdiff_t>(next) * width);
        next += part.height;
      }
      EXPECT_EQ(next, height);
      EXPECT_LT(farthest_sample(joined, expected), 1e-5F) << width << " x " << height << " in steps of " << step;
    }
  }
}

TEST(Resample, RowsAreGivenAsSoonAsTheyCanBe) {
  RowResampler resampler(axis_between(8, 8), axis_between(1000, 500), 1);
  int given = 0;
  for (int y = 0; y < 1000; ++y) {
    given += resampler.put(Picture(8, 1, 1, 0.5F)).height;
    EXPECT_GE(given, y / 2 - 3);
  }
  EXPECT_EQ(given, 500);
}

// A ramp keeps its numbers where the axis is shifted: sample i of the result is the place that it lies at.
TEST(Resample, AnAxisMayBeShifted) {
  Picture ramp(64, 1, 1);
  for (int x = 0; x < 64; ++x) ramp.samples[static_cast<std::size_t>(x)] = static_cast<float>(x);
  const Axis columns{64, 100, 0.25, 0.5};
  const Picture result = resample(ramp, columns, axis_between(1, 1));
  for (int x = 8; x < 92; ++x) EXPECT_NEAR(result.samples[static_cast<std::size_t>(x)], 0.25 + 0.5 * x, 1e-4);
}

}  // namespace
}  // namespace mantissa::image
