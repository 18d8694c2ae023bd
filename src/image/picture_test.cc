#include "image/picture.h"

#include <gtest/gtest.h>

#include <limits>

#include "image/testing.h"

namespace mantissa::image {
namespace {

TEST(Picture, CropTakesTheRectangle) {
  const Picture picture = testing::pattern(9, 7, 3);
  const Picture part = crop(picture, {2, 3, 4, 2});
  ASSERT_EQ(part.width, 4);
  ASSERT_EQ(part.height, 2);
  ASSERT_EQ(part.channels, 3);
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < 2; ++y) {
      for (int x = 0; x < 4; ++x) EXPECT_EQ(part.row(channel, y)[x], picture.row(channel, y + 3)[x + 2]);
    }
  }
}

TEST(Picture, SelectChannelsKeepsTheirOrder) {
  const Picture picture = testing::pattern(5, 4, 4);
  const Picture part = select_channels(picture, 1, 2);
  ASSERT_EQ(part.channels, 2);
  for (std::size_t i = 0; i < picture.pixels(); ++i) {
    EXPECT_EQ(part.plane(0)[i], picture.plane(1)[i]);
    EXPECT_EQ(part.plane(1)[i], picture.plane(2)[i]);
  }
}

TEST(Picture, RoundsToTheNearestOf256Levels) {
  Picture picture(8, 1, 1);
  picture.samples = {-0.5F,        0.0F,         0.49F / 255, 0.51F / 255,
                     200.4F / 255, 254.6F / 255, 7.0F,        std::numeric_limits<float>::quiet_NaN()};
  round_to_8_bits(picture);
  const std::vector<float> levels{0, 0, 0, 1, 200, 255, 255, 0};
  for (std::size_t i = 0; i < levels.size(); ++i) EXPECT_EQ(picture.samples[i], levels[i] / 255.0F) << i;
}

TEST(Picture, EveryLevelSurvivesRounding) {
  for (int level = 0; level <= 255; ++level) EXPECT_EQ(to_level(static_cast<float>(level) / 255.0F, 255), level);
  for (int level = 0; level <= 65535; ++level) ASSERT_EQ(to_level(static_cast<float>(level) / 65535.0F, 65535), level);
}

}  // namespace
}  // namespace mantissa::image
