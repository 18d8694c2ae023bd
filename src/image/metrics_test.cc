#include "image/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "image/testing.h"

namespace mantissa::image {
namespace {

TEST(Metrics, OneLevelEverywhereIs48Decibels) {
  const Picture a(64, 48, 3, 0.5F), b(64, 48, 3, 0.5F + 1.0F / 255);
  EXPECT_NEAR(psnr(a, b), 20 * std::log10(255.0), 1e-4);  // 48.1308
  EXPECT_NEAR(mean_shift(a, b), 1.0, 1e-4);
}

TEST(Metrics, EqualPicturesGiveTheLargestValue) {
  const Picture a = testing::pattern(20, 20, 3);
  EXPECT_EQ(psnr(a, a), kEqual);
  EXPECT_EQ(worst_tile_psnr(a, a, 8), kEqual);
  EXPECT_EQ(mean_shift(a, a), 0.0);
  EXPECT_NEAR(ssim(a, a), 1.0, 1e-12);
  Picture b = a;
  b.samples[0] += 1e-6F;  // less than any rounding shows: not better than equal
  EXPECT_EQ(psnr(a, b), kEqual);
}

TEST(Metrics, TheBorderIsLeftOut) {
  const Picture a(20, 16, 1, 0.25F);
  Picture b = a;
  for (int x = 0; x < 20; ++x) b.row(0, 3)[x] = b.row(0, 12)[x] = 1.0F;
  for (int y = 0; y < 16; ++y) b.row(0, y)[3] = b.row(0, y)[16] = 1.0F;
  EXPECT_LT(psnr(a, b, 3), 15);
  EXPECT_EQ(psnr(a, b, 4), kEqual);
  EXPECT_EQ(mean_shift(a, b, 4), 0.0);
  EXPECT_NEAR(ssim(a, b, 4), 1.0, 1e-12);
}

TEST(Metrics, TheWorstTileIsFoundAlsoInTheLastColumn) {
  const Picture a(150, 70, 1, 0.5F);
  Picture b = a;
  b.row(0, 69)[149] = 1.0F;  // only the tile that is moved inward has it
  // One sample of 64x64 is wrong by 1/2.
  EXPECT_NEAR(worst_tile_psnr(a, b, 64), 10 * std::log10(64 * 64 * 4.0), 1e-6);
  EXPECT_NEAR(worst_tile_mean_shift(a, b, 64), 0.5 * 255 / (64 * 64), 1e-6);
  EXPECT_NEAR(psnr(a, b), 10 * std::log10(150 * 70 * 4.0), 1e-6);
}

TEST(Metrics, APictureSmallerThanATileIsOneTile) {
  const Picture a = testing::pattern(30, 20, 3), b = testing::pattern(30, 20, 3, 510);
  EXPECT_DOUBLE_EQ(worst_tile_psnr(a, b, 64), psnr(a, b));
}

TEST(Metrics, MeanShiftIsTheWorstChannelAndSigned) {
  Picture a(10, 10, 3, 0.5F), b = a;
  for (std::size_t i = 0; i < 100; ++i) {
    b.plane(1)[i] += i % 2 == 0 ? 0.1F : -0.1F;  // noise without a shift
    b.plane(2)[i] -= 2.0F / 255;
  }
  EXPECT_NEAR(mean_shift(a, b), 2.0, 1e-4);
}

TEST(Metrics, NothingNumericIsEverGood) {
  const Picture a(16, 16, 1, 0.5F);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Picture b = a;
    b.samples[100] = bad;
    EXPECT_FALSE(all_finite(b));
    EXPECT_EQ(psnr(a, b), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(worst_tile_psnr(a, b, 8), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(mean_shift(a, b), std::numeric_limits<double>::infinity());
  }
  EXPECT_TRUE(all_finite(a));
}

// Of two flat pictures only the luminance term remains: (2 a b + C1) / (a^2 + b^2 + C1).
TEST(Metrics, SsimOfFlatPicturesIsTheLuminanceTerm) {
  const Picture a(32, 24, 3, 0.25F), b(32, 24, 3, 0.75F);
  EXPECT_NEAR(ssim(a, b), (2 * 0.25 * 0.75 + 1e-4) / (0.25 * 0.25 + 0.75 * 0.75 + 1e-4), 1e-9);
}

// Written out for the one window of an 11x11 picture, from the paper's formula.
TEST(Metrics, SsimOfOneWindowIsTheFormula) {
  const Picture a = testing::pattern(11, 11, 1);
  Picture b = a;
  for (std::size_t i = 0; i < b.samples.size(); ++i) b.samples[i] = 0.8F * b.samples[i] + (i % 3 == 0 ? 0.1F : 0.0F);
  double total = 0, m[5] = {};
  for (int y = 0; y < 11; ++y) {
    for (int x = 0; x < 11; ++x) {
      const double weight = std::exp(-((x - 5) * (x - 5) + (y - 5) * (y - 5)) / (2 * 1.5 * 1.5));
      const double p = a.row(0, y)[x], q = b.row(0, y)[x];
      total += weight;
      m[0] += weight * p, m[1] += weight * q, m[2] += weight * p * p, m[3] += weight * q * q, m[4] += weight * p * q;
    }
  }
  for (double& value : m) value /= total;
  const double c1 = 1e-4, c2 = 9e-4;
  const double expected = (2 * m[0] * m[1] + c1) * (2 * (m[4] - m[0] * m[1]) + c2) /
                          ((m[0] * m[0] + m[1] * m[1] + c1) * (m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + c2));
  EXPECT_NEAR(ssim(a, b), expected, 1e-9);
}

TEST(Metrics, SsimWorksOnASmallPicture) {
  EXPECT_NEAR(ssim(Picture(3, 1, 1, 0.5F), Picture(3, 1, 1, 0.5F)), 1.0, 1e-12);
}

}  // namespace
}  // namespace mantissa::image
