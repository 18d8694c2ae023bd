#include "image/exaggerate.h"

#include <gtest/gtest.h>

namespace mantissa::image {
namespace {

TEST(Exaggerate, ColoursMoveAwayFromTheirGreyAndGreyStays) {
  Picture picture(2, 1, 3, 0.5F);
  picture.samples[0] = 0.6F;  // the first pixel's red
  const Picture stronger = exaggerate_colours(picture, 4);
  const float grey = 0.5F + 0.299F * 0.1F;
  EXPECT_NEAR(stronger.samples[0], grey + 4 * (0.6F - grey), 1e-5);
  EXPECT_NEAR(stronger.samples[2], grey + 4 * (0.5F - grey), 1e-5) << "its green";
  for (const std::size_t second : {1, 3, 5}) EXPECT_NEAR(stronger.samples[second], 0.5F, 1e-6);
}

TEST(Exaggerate, DetailMovesAwayFromTheMeanOfItsNeighbours) {
  Picture picture(3, 3, 1, 0.3F);
  picture.samples[4] = 0.48F;
  const Picture stronger = exaggerate_detail(picture, 2);
  EXPECT_NEAR(stronger.samples[4], 0.32F + 2 * 0.16F, 1e-6);
  EXPECT_NEAR(stronger.samples[1], 0.32F - 2 * 0.02F, 1e-6) << "its neighbour";
  // The corner's neighbours, repeated at the edge: the middle is one of nine.
  EXPECT_NEAR(stronger.samples[0], 0.32F - 2 * 0.02F, 1e-6);
}

TEST(Exaggerate, NothingLeavesThePicturesRange) {
  Picture picture(2, 1, 3);
  picture.samples = {1, 0, 0, 1, 0, 1};
  for (const Picture& stronger : {exaggerate_colours(picture, 4), exaggerate_detail(picture, 4)})
    for (const float sample : stronger.samples) EXPECT_TRUE(sample >= 0 && sample <= 1);
  EXPECT_EQ(exaggerate_detail(Picture(1, 1, 1, 0.25F), 3).samples[0], 0.25F);
}

TEST(ZonePlate, GoesFromFlatToTheFinestThatPixelsHold) {
  const Picture plate = zone_plate(64, 2, 0.5F);
  EXPECT_EQ(plate.channels, 2);
  EXPECT_FLOAT_EQ(plate.row(1, 32)[32], 0.75F) << "the middle of the rings";
  EXPECT_NEAR(plate.row(0, 32)[33], 0.75F, 0.01F) << "hardly changes there";
  for (const int column : {0, 1}) EXPECT_NEAR(plate.row(0, 32)[column], column == 0 ? 0.75F : 0.25F, 0.02F) << column;
  for (const float sample : plate.samples) EXPECT_TRUE(sample >= 0.25F && sample <= 0.75F);
}

}  // namespace
}  // namespace mantissa::image
