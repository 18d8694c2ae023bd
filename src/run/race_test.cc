#include "run/race.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/test_folder.h"
#include "run/machine_peak.h"
#include "run/race_picture.h"
#include "run/test_networks.h"
#include "run/tiling.h"

namespace mantissa::run {
namespace {

class Race : public testing::Test {
 protected:
  void SetUp() override {
    const auto bytes = format::onnx_bytes(small_network(3, 2).graph);
    ASSERT_TRUE(bytes.ok() && base::write_text(folder_ / "network.onnx", *bytes).ok());
    request_.model = folder_ / "network.onnx";
  }

  base::TestFolder folder_;
  RunnerRequest request_;
};

TEST_F(Race, RunsEveryWayAndTheFastestComesFirst) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const std::vector<Way> ways = runnable->ways(request_, /*every=*/false);
  ASSERT_EQ(ways.size(), providers().size());
  const auto racers = race(*runnable, ways, {.tile_size = 64});
  ASSERT_TRUE(racers.ok()) << racers.error().message();
  ASSERT_EQ(racers->size(), ways.size());
  double before = 0;
  for (const Racer& racer : *racers) {
    EXPECT_EQ(racer.refused, "");
    EXPECT_GE(racer.turns, 1);
    EXPECT_GT(racer.psnr, 60) << name_of(racer.way);
    EXPECT_GE(racer.microseconds_per_pixel, before);
    before = racer.microseconds_per_pixel;
  }
}

TEST_F(Race, AProviderThatIsNotHereIsRefusedAndTheOthersRace) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const auto racers =
      race(*runnable, {{"", "fp32", "onnxruntime-coreml", {}}, {"", "fp32", "onnxruntime-cpu", {}}}, {.tile_size = 64});
  ASSERT_TRUE(racers.ok()) << racers.error().message();
  EXPECT_EQ(racers->front().way.provider, "onnxruntime-cpu");
  EXPECT_NE(racers->back().refused.find("CoreMLExecutionProvider"), std::string::npos) << racers->back().refused;
}

TEST_F(Race, TilesAreRacedToo) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const int usual = default_tile_size(runnable->task());
  const auto racers = race(*runnable, {{"", "fp32", "onnxruntime-cpu", {}}}, {});
  ASSERT_TRUE(racers.ok()) << racers.error().message();
  std::vector<int> sizes;
  for (const Racer& racer : *racers) sizes.push_back(racer.tile_size);
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes, (std::vector{usual / 2, usual, 2 * usual}));
}

TEST_F(Race, ATileIsSmallerWhereItWouldTakeTooLong) {
  const auto runnable = Runnable::read(request_);
  ASSERT_TRUE(runnable.ok());
  const int usual = default_tile_size(runnable->task());
  EXPECT_EQ(affordable_tile(*runnable, {"", "fp32", "", 0.001}, 1), usual);
  EXPECT_EQ(affordable_tile(*runnable, {"", "fp32", "", 100.0}, 1), 100);
  EXPECT_EQ(affordable_tile(*runnable, {"", "fp32", "", 1e9}, 1), 64) << "enough for a picture";
}

TEST(RacePicture, IsTheSameEverywhereAndLikeAPhotograph) {
  const image::Picture picture = race_picture(96, 64);
  EXPECT_EQ(picture.samples, race_picture(96, 64).samples);
  double sum = 0, squares = 0, steps = 0;
  for (int y = 0; y < 64; ++y)
    for (int x = 1; x < 96; ++x) {
      const float value = picture.row(0, y)[x];
      ASSERT_TRUE(value >= 0 && value <= 1);
      sum += value;
      squares += value * value;
      steps += std::abs(value - picture.row(0, y)[x - 1]);
    }
  const double count = 64.0 * 95, mean = sum / count;
  EXPECT_NEAR(mean, 0.5, 0.2);
  EXPECT_GT(squares / count - mean * mean, 0.02) << "flat";
  EXPECT_LT(steps / count, 0.15) << "noise rather than areas with edges";
}

TEST(Roofline, IsTheSlowerOfComputingAndMemory) {
  MachinePeak peak;
  peak.fp32_macs = 1e11;
  peak.int8_macs = 4e11;
  peak.bytes = 1e10;
  EXPECT_DOUBLE_EQ(roofline(peak, 1e6, 0, false, 8), 10);      // 1e6 / 1e11 s
  EXPECT_DOUBLE_EQ(roofline(peak, 1e6, 1, false, 8), 2.5);     // a quarter
  EXPECT_DOUBLE_EQ(roofline(peak, 1e6, 0.5, false, 8), 6.25);  // half and half
  EXPECT_DOUBLE_EQ(roofline(peak, 1e6, 0, true, 8), 10);       // no bf16 here
  EXPECT_DOUBLE_EQ(roofline(peak, 1e3, 0, false, 1e6), 100);   // 1e6 / 1e10 s
}

TEST(CheckDevices, MostNodesMustBeOnTheDevice) {
  const Way way{"", "fp32", "onnxruntime-cuda", {}};
  const auto with = [](int device, int cpu) {
    return Placement{{}, {{"CUDAExecutionProvider", device}, {"CPU", cpu}}};
  };
  EXPECT_TRUE(check_devices(way, with(10, 10)).ok());
  EXPECT_TRUE(check_devices(way, Placement{}).ok()) << "its own device only";
  const auto refused = check_devices(way, with(9, 10));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().what.find("10 of the network's 19"), std::string::npos) << refused.error().what;
}

}  // namespace
}  // namespace mantissa::run
