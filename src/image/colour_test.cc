#include "image/colour.h"

#include <gtest/gtest.h>

#include "image/testing.h"

namespace mantissa::image {
namespace {

Picture pixel(float red, float green, float blue) {
  Picture picture(1, 1, 3);
  picture.samples = {red, green, blue};
  return picture;
}

TEST(Colour, GreysHaveNoChroma) {
  for (const float grey : {0.0F, 0.25F, 1.0F}) {
    const Picture ycbcr = rgb_to_ycbcr(pixel(grey, grey, grey));
    EXPECT_NEAR(ycbcr.samples[0], grey, 1e-6);
    EXPECT_NEAR(ycbcr.samples[1], 128.0 / 255, 1e-6);
    EXPECT_NEAR(ycbcr.samples[2], 128.0 / 255, 1e-6);
  }
}

// The equations that ITU-T T.871 prints: Y = 0.299 R + 0.587 G + 0.114 B, Cb = -0.1687 R - 0.3313 G + 0.5 B + 128,
// Cr = 0.5 R - 0.4187 G - 0.0813 B + 128.
TEST(Colour, PrimariesHaveTheValuesOfT871) {
  const double expected[3][3] = {{0.299, -0.1687, 0.5}, {0.587, -0.3313, -0.4187}, {0.114, 0.5, -0.0813}};
  for (int primary = 0; primary < 3; ++primary) {
    const Picture ycbcr =
        rgb_to_ycbcr(pixel(primary == 0 ? 1.0F : 0.0F, primary == 1 ? 1.0F : 0.0F, primary == 2 ? 1.0F : 0.0F));
    EXPECT_NEAR(ycbcr.samples[0], expected[primary][0], 1e-6);
    EXPECT_NEAR(ycbcr.samples[1], expected[primary][1] + 128.0 / 255, 5e-5);
    EXPECT_NEAR(ycbcr.samples[2], expected[primary][2] + 128.0 / 255, 5e-5);
  }
}

TEST(Colour, YcbcrReturnsToRgb) {
  const Picture rgb = testing::pattern(37, 11, 3);
  const Picture back = ycbcr_to_rgb(rgb_to_ycbcr(rgb));
  for (std::size_t i = 0; i < rgb.samples.size(); ++i) ASSERT_NEAR(back.samples[i], rgb.samples[i], 2e-6);
}

TEST(Colour, LuminanceIsTheFirstChannelOfYcbcr) {
  const Picture rgb = testing::pattern(13, 5, 3);
  const Picture grey = rgb_to_luminance(rgb), ycbcr = rgb_to_ycbcr(rgb);
  ASSERT_EQ(grey.channels, 1);
  for (std::size_t i = 0; i < grey.pixels(); ++i) EXPECT_EQ(grey.samples[i], ycbcr.plane(0)[i]);
}

TEST(Colour, GreyBecomesThreeEqualChannels) {
  const Picture grey = testing::pattern(6, 3, 1), rgb = grey_to_rgb(grey);
  ASSERT_EQ(rgb.channels, 3);
  for (int channel = 0; channel < 3; ++channel) {
    for (std::size_t i = 0; i < grey.pixels(); ++i) EXPECT_EQ(rgb.plane(channel)[i], grey.samples[i]);
  }
}

}  // namespace
}  // namespace mantissa::image
