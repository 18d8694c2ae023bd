#include "run/tiling.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mantissa::run {
namespace {

struct Case {
  int width;
  int height;
  int multiple;
  int stride;
  int radius;
  int tile;
};

net::Task task_of(const Case& c) {
  net::Task task;
  task.size_multiple = c.multiple;
  task.stride = c.stride;
  task.radius = c.radius;
  return task;
}

std::string text_of(const Case& c) {
  return std::to_string(c.width) + "x" + std::to_string(c.height) + " multiple " + std::to_string(c.multiple) +
         " stride " + std::to_string(c.stride) + " radius " + std::to_string(c.radius) + " tile " +
         std::to_string(c.tile);
}

// Every property that a plan must have; the picture's pixels are counted one by one.
void check(const Case& c) {
  SCOPED_TRACE(text_of(c));
  const auto result = plan_tiles(c.width, c.height, task_of(c), c.tile);
  ASSERT_TRUE(result.ok());
  const TilePlan& plan = *result;
  EXPECT_EQ(plan.padded_width, (c.width + c.multiple - 1) / c.multiple * c.multiple);
  EXPECT_EQ(plan.padded_height, (c.height + c.multiple - 1) / c.multiple * c.multiple);
  EXPECT_EQ(plan.tile_width % c.multiple, 0);
  EXPECT_EQ(plan.tile_height % c.multiple, 0);
  EXPECT_LE(plan.tile_width, c.tile);
  EXPECT_LE(plan.tile_height, c.tile);

  std::vector<int> kept(static_cast<std::size_t>(c.width) * c.height);
  for (const Tile& tile : plan.tiles) {
    EXPECT_EQ(tile.input.width, plan.tile_width);
    EXPECT_EQ(tile.input.height, plan.tile_height);
    EXPECT_EQ(tile.input.x % c.stride, 0);
    EXPECT_EQ(tile.input.y % c.stride, 0);
    EXPECT_GE(tile.input.x, 0);
    EXPECT_GE(tile.input.y, 0);
    const int right = tile.input.x + tile.input.width, bottom = tile.input.y + tile.input.height;
    EXPECT_LE(right, plan.padded_width);
    EXPECT_LE(bottom, plan.padded_height);
    EXPECT_GT(tile.keep.width, 0);
    EXPECT_GT(tile.keep.height, 0);
    const int keep_right = tile.keep.x + tile.keep.width, keep_bottom = tile.keep.y + tile.keep.height;
    EXPECT_TRUE(tile.input.x == 0 || tile.keep.x - tile.input.x >= c.radius);
    EXPECT_TRUE(tile.input.y == 0 || tile.keep.y - tile.input.y >= c.radius);
    EXPECT_TRUE(right == plan.padded_width || right - keep_right >= c.radius);
    EXPECT_TRUE(bottom == plan.padded_height || bottom - keep_bottom >= c.radius);
    ASSERT_LE(keep_right, c.width);
    ASSERT_LE(keep_bottom, c.height);
    for (int y = tile.keep.y; y < keep_bottom; ++y)
      for (int x = tile.keep.x; x < keep_right; ++x) ++kept[static_cast<std::size_t>(y) * c.width + x];
  }
  EXPECT_TRUE(std::all_of(kept.begin(), kept.end(), [](int count) { return count == 1; }));
}

TEST(Tiling, CoversThePictureOnceWithEnoughContext) {
  for (const int width : {1, 2, 7, 31, 32, 33, 63, 64, 65, 100, 127, 200, 257})
    for (const int height : {1, 16, 48, 97})
      for (const int radius : {0, 1, 4, 13})
        for (const auto& [multiple, stride] : {std::pair{1, 1}, {2, 2}, {1, 8}, {16, 1}, {8, 4}, {6, 4}})
          for (const int tile : {64, 75, 128}) check({width, height, multiple, stride, radius, tile});
}

TEST(Tiling, ManyTilesOfASmallSize) { check({500, 300, 1, 1, 3, 8}); }

TEST(Tiling, SharesTheOverlapEvenly) {
  net::Task task;
  task.radius = 10;
  const auto plan = plan_tiles(260, 100, task, 256);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->tiles.size(), 2U);
  EXPECT_EQ(plan->tile_width, 140);  // (260 + 2 * 10) / 2, not 256
}

TEST(Tiling, CostsLittleMoreThanThePixels) {
  net::Task task;
  task.radius = 18;
  const auto plan = plan_tiles(700, 500, task, default_tile_size(task));
  ASSERT_TRUE(plan.ok());
  const double computed = static_cast<double>(plan->tiles.size()) * plan->tile_width * plan->tile_height;
  EXPECT_LT(computed / (700 * 500), 1.3);
}

TEST(Tiling, GlobalNetworkGetsOneTileWhereItIsLargeEnough) {
  net::Task task;
  task.size_multiple = 16;
  const auto plan = plan_tiles(1000, 700, task, 1008);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->tiles.size(), 1U);
  EXPECT_EQ(plan->tile_width, 1008);
  EXPECT_EQ(plan->tiles[0].keep.width, 1000);
  EXPECT_EQ(plan->tiles[0].keep.height, 700);
}

// Where two tiles have a pixel, the later one fades in; there are never more than two in a row or column.
TEST(Tiling, TilesOfAGlobalNetworkShareWhatIsFaded) {
  for (const int width : {257, 300, 511, 1000})
    for (const int multiple : {1, 16})
      for (const int size : {64, 128, 250}) {
        net::Task task;
        task.size_multiple = multiple;
        const auto plan = plan_tiles(width, 90, task, size);
        ASSERT_TRUE(plan.ok());
        int covered = 0;
        const Tile* before = nullptr;
        for (const Tile& tile : plan->tiles) {
          if (tile.keep.y > 0) break;
          EXPECT_EQ(tile.keep.x, covered - tile.fade_left);
          EXPECT_GE(tile.keep.x - tile.input.x, tile.input.x > 0 ? global_overlap(size) / 2 : 0);
          if (before) {
            EXPECT_LE(before->keep.x + before->fade_left, tile.keep.x);
            EXPECT_GT(tile.fade_left, 0);
          }
          covered = tile.keep.x + tile.keep.width;
          before = &tile;
        }
        EXPECT_EQ(covered, width);
      }
}

TEST(Tiling, RefusesTilesSmallerThanTheReceptiveField) {
  net::Task task;
  task.radius = 18;
  auto plan = plan_tiles(200, 200, task, 36);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::usage);
  EXPECT_NE(plan.error().advice.find("37"), std::string::npos) << plan.error().message();
  EXPECT_TRUE(plan_tiles(200, 200, task, 37).ok());
  EXPECT_TRUE(plan_tiles(36, 36, task, 36).ok()) << "one tile needs no context";
}

TEST(Tiling, RefusesAPictureWithoutPixels) { EXPECT_FALSE(plan_tiles(0, 5, net::Task{}, 64).ok()); }

TEST(Tiling, DefaultTileSizeSuitsEveryReceptiveField) {
  for (const int radius : {0, 4, 18, 43, 126, 148, 184, 600}) {
    net::Task task;
    task.radius = radius;
    EXPECT_TRUE(plan_tiles(5000, 3000, task, default_tile_size(task)).ok()) << radius;
  }
}

}  // namespace
}  // namespace mantissa::run
