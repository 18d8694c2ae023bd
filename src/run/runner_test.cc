#include "mantissa/runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "base/test_folder.h"
#include "format/onnx.h"
#include "image/codec.h"
#include "image/resize.h"
#include "run/restore.h"
#include "run/test_networks.h"

namespace mantissa {
namespace {

using image::Picture;

// A x2 network as a file, and what it makes of pictures without a Runner.
class RunnerTest : public testing::Test {
 protected:
  RunnerTest() : file_(folder_ / "network.onnx"), network_(run::small_network(3, 2)) {
    EXPECT_TRUE(format::write_onnx(network_.graph, file_).ok());
    auto session = run::open("onnxruntime-cpu", network_.graph);
    EXPECT_TRUE(session.ok());
    session_ = *std::move(session);
  }

  Runner open(std::optional<double> scale = {}, int tile_size = 0) {
    RunnerRequest request;
    request.model = file_;
    request.provider = "onnxruntime-cpu";
    request.scale = scale;
    request.tile_size = tile_size;
    auto runner = Runner::open(request);
    EXPECT_TRUE(runner.ok()) << runner.error().message();
    return *std::move(runner);
  }

  Picture expected(const Picture& picture) {
    auto result = run::restore(*session_, network_.task, picture);
    EXPECT_TRUE(result.ok());
    return *std::move(result);
  }

  base::TestFolder folder_;
  std::filesystem::path file_;
  net::Network network_;
  std::unique_ptr<run::Session> session_;
};

PixelLayout layout(int width, int height, int channels, SampleType type, bool planar = false) {
  return {width, height, channels, type, planar, 0, 0};
}

// The samples of a picture in a caller's layout, packed.
template <class Sample>
std::vector<Sample> packed(const Picture& picture, bool planar) {
  const double largest = std::is_same_v<Sample, float> ? 1 : std::numeric_limits<Sample>::max();
  std::vector<Sample> samples(picture.samples.size());
  const auto channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t channel = 0; channel < channels; ++channel)
    for (std::size_t i = 0; i < picture.pixels(); ++i) {
      const double sample = picture.plane(static_cast<int>(channel))[i];
      const double clipped =
          std::is_same_v<Sample, float> ? sample : std::floor(std::clamp(sample, 0., 1.) * largest + 0.5);
      samples[planar ? channel * picture.pixels() + i : i * channels + channel] = static_cast<Sample>(clipped);
    }
  return samples;
}

template <class In, class Out>
void expect_restored(const Runner& runner, const Picture& picture, const Picture& wanted, bool planar_in,
                     bool planar_out, SampleType type_in, SampleType type_out, double tolerance) {
  const std::vector<In> input = packed<In>(picture, planar_in);
  const std::vector<Out> expected = packed<Out>(wanted, planar_out);
  std::vector<Out> output(expected.size());
  const auto done =
      runner.restore({layout(picture.width, picture.height, picture.channels, type_in, planar_in), input.data()},
                     {layout(wanted.width, wanted.height, wanted.channels, type_out, planar_out), output.data()});
  ASSERT_TRUE(done.ok()) << done.error().message();
  for (std::size_t i = 0; i < output.size(); ++i)
    ASSERT_NEAR(static_cast<double>(output[i]), static_cast<double>(expected[i]), tolerance) << i;
}

TEST_F(RunnerTest, EveryLayoutAndTypeGivesTheSame) {
  const Runner runner = open();
  for (const int channels : {1, 3}) {
    const Picture picture = run::random_picture(33, 21, channels);
    const Picture wanted = expected(picture);
    for (const bool planar : {false, true}) {
      expect_restored<std::uint8_t, std::uint8_t>(runner, picture, wanted, planar, !planar, SampleType::uint8,
                                                  SampleType::uint8, 1);
      expect_restored<std::uint8_t, float>(runner, picture, wanted, planar, planar, SampleType::uint8,
                                           SampleType::float32, 1e-5);
      expect_restored<std::uint16_t, std::uint16_t>(runner, picture, wanted, planar, planar, SampleType::uint16,
                                                    SampleType::uint16, 2);
      expect_restored<float, std::uint8_t>(runner, picture, wanted, !planar, planar, SampleType::float32,
                                           SampleType::uint8, 1);
    }
  }
}

TEST_F(RunnerTest, AlphaIsEnlarged) {
  const Runner runner = open();
  const Picture picture = run::random_picture(20, 16, 4);
  Picture wanted(40, 32, 4);
  const Picture colours = expected(image::select_channels(picture, 0, 3));
  const Picture alpha = image::resize_bicubic(image::select_channels(picture, 3, 1), 40, 32);
  std::copy(colours.samples.begin(), colours.samples.end(), wanted.samples.begin());
  std::copy(alpha.samples.begin(), alpha.samples.end(), wanted.plane(3).begin());
  expect_restored<std::uint8_t, float>(runner, picture, wanted, false, false, SampleType::uint8, SampleType::float32,
                                       1e-5);
}

// Rows apart, and from the bottom up: what lies between them stays.
TEST_F(RunnerTest, StridesAreKept) {
  const Runner runner = open();
  const Picture picture = run::random_picture(10, 6, 3);
  const std::vector<std::uint8_t> expected = packed<std::uint8_t>(this->expected(picture), false);
  const std::vector<std::uint8_t> tight = packed<std::uint8_t>(picture, false);
  std::vector<std::uint8_t> input(37 * 6, 99), output(71 * 12, 99);
  for (std::size_t y = 0; y < 6; ++y)
    std::copy_n(tight.begin() + 30 * static_cast<std::ptrdiff_t>(y), 30,
                input.begin() + 37 * (5 - static_cast<std::ptrdiff_t>(y)));
  PixelLayout in = layout(10, 6, 3, SampleType::uint8), out = layout(20, 12, 3, SampleType::uint8);
  in.row_stride = -37;
  out.row_stride = 71;
  ASSERT_TRUE(runner.restore({in, input.data() + 37 * 5}, {out, output.data()}).ok());
  for (std::size_t y = 0; y < 12; ++y) {
    for (std::size_t x = 0; x < 60; ++x) ASSERT_NEAR(output[71 * y + x], expected[60 * y + x], 1);
    for (std::size_t x = 60; x < 71; ++x) ASSERT_EQ(output[71 * y + x], 99);
  }
}

TEST_F(RunnerTest, TheScaleIsMetByResampling) {
  const Picture picture = run::random_picture(40, 30, 3);
  const Picture made = expected(picture);
  for (const auto& [scale, width, height] :
       {std::tuple{1.5, 60, 45}, {1.0, 40, 30}, {3.3, 132, 99}, {0.25, 10, 8}, {0.016, 1, 1}}) {
    const Runner runner = open(scale, 24);
    const auto size = runner.output_size(40, 30);
    ASSERT_TRUE(size.ok());
    ASSERT_EQ(size->width, width);
    ASSERT_EQ(size->height, height);
    expect_restored<float, float>(runner, picture, image::resize_bicubic(made, width, height), false, true,
                                  SampleType::float32, SampleType::float32, 2e-5);
  }
}

TEST_F(RunnerTest, SeveralThreadsAtOnceGiveTheSame) {
  const Runner runner = open({}, 24);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    const Picture picture = run::random_picture(50 + i, 40, 3);
    threads.emplace_back([&runner, picture, wanted = expected(picture)] {
      for (int round = 0; round < 4; ++round)
        expect_restored<float, float>(runner, picture, wanted, true, false, SampleType::float32, SampleType::float32,
                                      1e-5);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RunnerTest, ProgressCountsTilesAndMayRefuse) {
  const Runner runner = open({}, 24);
  std::vector<std::uint8_t> input(64 * 64 * 3), output(input.size() * 4);
  const Pixels in{layout(64, 64, 3, SampleType::uint8), input.data()};
  const MutablePixels out{layout(128, 128, 3, SampleType::uint8), output.data()};
  int last = 0, total = 0;
  ASSERT_TRUE(runner
                  .restore(in, out,
                           {{},
                            [&](int done, int tiles) {
                              EXPECT_EQ(done, ++last);
                              total = tiles;
                              return true;
                            }})
                  .ok());
  EXPECT_EQ(last, total);
  ASSERT_GT(total, 4);
  last = 0;
  const auto refused = runner.restore(in, out, {{}, [&](int, int) { return ++last < 2; }});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::interrupted);
  EXPECT_EQ(last, 2);
}

TEST_F(RunnerTest, AStopFromAnotherThreadLeavesNoFile) {
  ASSERT_TRUE(image::write_picture(folder_ / "in.png", run::random_picture(200, 200, 3)).ok());
  const Runner runner = open({}, 24);
  std::stop_source source;
  std::thread stopper;
  const auto result = runner.restore_file(folder_ / "in.png", folder_ / "out.png", {},
                                          {source.get_token(), [&](int done, int) {
                                             if (done == 3) stopper = std::thread([&] { source.request_stop(); });
                                             if (done == 3) stopper.join();
                                             return true;
                                           }});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::interrupted);
  EXPECT_EQ(folder_.entries(), 2U);  // network and input
}

TEST_F(RunnerTest, LayoutsThatMakeNoSenseAreRefused) {
  const Runner runner = open();
  std::vector<std::uint8_t> input(300), output(1200);
  const Pixels good{layout(10, 10, 3, SampleType::uint8), input.data()};
  const MutablePixels good_out{layout(20, 20, 3, SampleType::uint8), output.data()};
  ASSERT_TRUE(runner.restore(good, good_out).ok());
  const auto refused = [&](auto change) {
    Pixels in = good;
    MutablePixels out = good_out;
    change(in, out);
    const auto result = runner.restore(in, out);
    return !result.ok() && !result.error().message().empty();
  };
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.data = nullptr; }));
  EXPECT_TRUE(refused([](Pixels&, MutablePixels& out) { out.data = nullptr; }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.width = 0; }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.height = -1; }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.width = std::numeric_limits<int>::max(); }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.channels = 5; }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.type = static_cast<SampleType>(7); }));
  EXPECT_TRUE(refused([](Pixels& in, MutablePixels&) { in.row_stride = 29; }));
  EXPECT_TRUE(refused([](Pixels&, MutablePixels& out) { out.channels = 4; }));
  EXPECT_TRUE(refused([](Pixels&, MutablePixels& out) { out.width = 21; }));
}

TEST_F(RunnerTest, ScalesOutOfRangeAreRefused) {
  for (const double scale : {0.0, -1.0, 65.0, 1e300, std::nan("")}) {
    RunnerRequest request;
    request.model = file_;
    request.scale = scale;
    const auto runner = Runner::open(request);
    ASSERT_FALSE(runner.ok());
    EXPECT_EQ(runner.error().code, ErrorCode::usage);
  }
}

}  // namespace
}  // namespace mantissa
