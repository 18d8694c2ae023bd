#include "run/seams.h"

#include <gtest/gtest.h>

#include <cmath>

#include "run/choose_tiles.h"
#include "run/memory_picture.h"
#include "run/restore.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

using image::Picture;

// Adds to every pixel the mean of what it is given, as a network with a global branch does.
class AddsMean : public Session {
 public:
  Result<void> run(const TensorView& input, const TensorView& output) override {
    double sum = 0;
    for (std::int64_t i = 0; i < input.count(); ++i) sum += input.data[i];
    const auto mean = static_cast<float>(sum / static_cast<double>(input.count()));
    for (std::int64_t i = 0; i < input.count(); ++i) output.data[i] = input.data[i] + weight * mean;
    largest = std::max({largest, input.shape[2], input.shape[3]});
    return {};
  }
  Result<std::vector<float>> run(const TensorView&, std::vector<std::int64_t>&) override {
    return unsupported("not here");
  }
  Result<Placement> placement() override { return unsupported("not here"); }

  float weight = 0;
  std::int64_t largest = 0;
};

net::Task global_task() {
  net::Task task;
  task.size_multiple = 4;
  return task;  // no radius: the whole picture
}

// Dark on the left, bright on the right.
Picture ramp(int width, int height) {
  Picture picture(width, height, 3);
  for (int channel = 0; channel < 3; ++channel)
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        picture.row(channel, y)[x] = 0.4F * static_cast<float>(x) / static_cast<float>(width);
  return picture;
}

RestoreStatistics statistics_of(Session& session, const Picture& picture, int tile, Picture& restored) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width, picture.height, picture.channels);
  auto done = restore(session, global_task(), reader, writer, {.tile_size = tile}, {});
  EXPECT_TRUE(done.ok());
  restored = writer.take();
  return *done;
}

TEST(Seams, EqualTilesGiveThePictureBackAndAgree) {
  AddsMean session;
  const Picture picture = random_picture(203, 150, 3);
  Picture restored;
  const auto done = statistics_of(session, picture, 64, restored);
  EXPECT_GT(done.tiles, 6);
  EXPECT_LE(session.largest, 64);
  EXPECT_LT(largest_difference(restored.samples, picture.samples), 1e-6F);
  ASSERT_TRUE(done.agreement);
  EXPECT_GT(done.agreement->psnr(), 98);
}

// Without fading neighbours would differ by the step between their means from one column to the next.
TEST(Seams, NeighboursFadeIntoEachOtherAndTheDifferenceIsTold) {
  AddsMean session;
  session.weight = 0.5F;
  const Picture picture = ramp(512, 96);
  Picture restored;
  const auto done = statistics_of(session, picture, 128, restored);
  float steepest = 0;
  for (int x = 1; x < 512; ++x) steepest = std::max(steepest, restored.row(0, 40)[x] - restored.row(0, 40)[x - 1]);
  const float step_between_tiles = 0.5F * 0.4F * 96 / 512;  // of what the tiles add: they lie some 96 columns apart
  EXPECT_LT(steepest, 0.4F / 512 + step_between_tiles / 12);
  ASSERT_TRUE(done.agreement);
  EXPECT_NEAR(done.agreement->psnr(), -20 * std::log10(step_between_tiles), 1.0);
  EXPECT_LE(done.agreement->worst_psnr(), done.agreement->psnr());
}

// Where memory cuts it, the user hears of it, with what the release knows of such tiles; of the nearest that it knows.
TEST(Seams, TilesThatMemoryForcesAreTold) {
  AddsMean session;
  net::Task task = global_task();
  task.bytes_per_pixel = 1000;
  const Picture picture = ramp(640, 480);
  MemoryReader reader(picture);
  MemoryWriter writer(640, 480, 3);
  ::testing::internal::CaptureStderr();
  const auto done = restore(session, task, reader, writer,
                            {.memory = 500'000'000, .tile_errors = {{64, 2, 40, 39}, {256, 2, 50.5, 49}}}, {});
  const std::string told = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_NE(told.find("sees the whole picture"), std::string::npos) << told;
  EXPECT_NE(told.find("in tiles of 256 the release's pictures came within 50.5 dB"), std::string::npos) << told;
  ASSERT_TRUE(done->tile_error);
  EXPECT_EQ(done->tile_error->tile, 256);
}

TEST(Seams, OneTileHasNone) {
  AddsMean session;
  Picture restored;
  EXPECT_FALSE(statistics_of(session, ramp(100, 96), 100, restored).agreement);
}

TEST(ChooseTiles, AGlobalNetworkRunsWholeWhileMemoryAllows) {
  net::Task task = global_task();
  task.bytes_per_pixel = 1000;
  image::PictureInfo info;
  info.width = 3000, info.height = 2000, info.channels = 3;
  const auto whole = choose_tiles(info, task, {.memory = 40'000'000'000});
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->tiles.size(), 1U);
  const auto cut = choose_tiles(info, task, {.memory = 4'000'000'000});
  ASSERT_TRUE(cut.ok());
  EXPECT_GT(cut->tiles.size(), 1U);
  EXPECT_LE(memory_for_tile(task, static_cast<double>(cut->tile_width) * cut->tile_height), 4e9);
  EXPECT_GT(cut->tile_width, 700) << "as large as fits";
}

TEST(ChooseTiles, MemoryMakesTilesSmallerAndTooLittleIsAnError) {
  net::Task task;
  task.radius = 20;
  task.bytes_per_pixel = 2000;
  image::PictureInfo info;
  info.width = 4000, info.height = 3000, info.channels = 3;
  const auto usual = choose_tiles(info, task, {.memory = 8'000'000'000});
  const auto tight = choose_tiles(info, task, {.memory = 500'000'000});
  ASSERT_TRUE(usual.ok() && tight.ok());
  EXPECT_LT(tight->tile_width, usual->tile_width);
  const auto none = choose_tiles(info, task, {.memory = 100'000'000});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::unsupported);
  EXPECT_NE(none.error().message().find("--memory"), std::string::npos);
}

TEST(ChooseTiles, RowsOfTilesOfAWidePictureAreLower) {
  net::Task task;
  task.radius = 20;
  image::PictureInfo info;
  info.height = 30000, info.channels = 3;
  const auto plan_for = [&](int width, int scale) {
    info.width = width;
    task.scale = scale;
    auto plan = choose_tiles(info, task, {.memory = 64'000'000'000});
    EXPECT_TRUE(plan.ok());
    return *std::move(plan);
  };
  const auto computed = [&](const TilePlan& plan, double width) {
    return static_cast<double>(plan.tiles.size()) * plan.tile_width * plan.tile_height / (width * info.height);
  };
  const TilePlan usual = plan_for(3000, 1), wide = plan_for(40000, 1), enlarged = plan_for(40000, 4);
  EXPECT_GT(usual.tile_height, 350);
  EXPECT_LT(wide.tile_height, 0.85 * usual.tile_height);
  EXPECT_LT(enlarged.tile_height, 0.6 * wide.tile_height);
  EXPECT_LT(computed(wide, 40000) / computed(usual, 3000), 1.05);
  for (const TilePlan* plan : {&wide, &enlarged}) {
    EXPECT_GT(plan->tile_width, usual.tile_width);
    EXPECT_LE(plan->tile_width * plan->tile_height, 400 * 400);
  }
}

}  // namespace
}  // namespace mantissa::run
