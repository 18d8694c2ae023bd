#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#include "base/test_folder.h"
#include "format/onnx.h"
#include "mantissa/runner.h"
#include "run/frame_pipeline.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

FramePipeline counting(int frames, std::vector<float>& seen) {
  return {[n = 0, frames](const std::function<bool()>&) mutable -> Result<std::optional<WorkFrame>> {
            if (n == frames) return std::optional<WorkFrame>();
            return std::optional(WorkFrame{image::Picture(1, 1, 1, static_cast<float>(n++)), {}});
          },
          [](const WorkFrame& frame) -> Result<WorkFrame> {
            WorkFrame result = frame;
            result.picture.samples[0] *= 2;
            return result;
          },
          [&seen](const WorkFrame& frame, const std::function<bool()>&) -> Result<void> {
            seen.push_back(frame.picture.samples[0]);
            return {};
          }};
}

bool never() { return false; }

TEST(FramePipeline, FramesKeepTheirOrder) {
  std::vector<float> seen;
  std::int64_t told = 0;
  const auto done = run_pipeline(counting(50, seen), never, [&](std::int64_t n) { return n == ++told; });
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(*done, 50);
  EXPECT_EQ(told, 50);
  ASSERT_EQ(seen.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(seen[i], 2.0F * static_cast<float>(i));
}

TEST(FramePipeline, WhatFailsEndsItAndFramesBeforeAreWritten) {
  for (const int where : {0, 1, 2}) {
    std::vector<float> seen;
    FramePipeline pipeline = counting(50, seen);
    int calls = 0;
    const auto fails = [&calls] { return ++calls == 8; };
    const Error error = bad_input("the eighth fails");
    if (where == 0)
      pipeline.read = [&, read = pipeline.read](const auto& stop) { return fails() ? error : read(stop); };
    if (where == 1)
      pipeline.compute = [&, compute = pipeline.compute](const WorkFrame& f) { return fails() ? error : compute(f); };
    if (where == 2)
      pipeline.write = [&, write = pipeline.write](const WorkFrame& f, const auto& stop) {
        return fails() ? error : write(f, stop);
      };
    const auto done = run_pipeline(pipeline, never, {});
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().what, "the eighth fails");
    EXPECT_EQ(seen.size(), 7U) << where;
  }
}

TEST(FramePipeline, ExceptionsOfStepsAreErrors) {
  std::vector<float> seen;
  FramePipeline pipeline = counting(5, seen);
  pipeline.read = [](const auto&) -> Result<std::optional<WorkFrame>> { throw std::bad_alloc(); };
  const auto done = run_pipeline(pipeline, never, {});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::unsupported);
}

TEST(FramePipeline, CanBeStopped) {
  std::vector<float> seen;
  const auto refused = run_pipeline(counting(1000, seen), never, [](std::int64_t n) { return n < 5; });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::interrupted);
  EXPECT_LT(seen.size(), 20U);
  // A reader that waits for bytes that do not come.
  FramePipeline pipeline = counting(0, seen);
  pipeline.read = [](const std::function<bool()>& stop) -> Result<std::optional<WorkFrame>> {
    while (!stop()) std::this_thread::yield();
    return Error{ErrorCode::interrupted, "stopped on request", {}, {}};
  };
  std::atomic<int> asked = 0;  // from two threads
  const auto stopped = run_pipeline(pipeline, [&] { return ++asked > 10; }, {});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::interrupted);
}

TEST(RunnerFrames, FramesOfFunctionsAreThoseOfBuffers) {
  const base::TestFolder folder;
  const net::Network network = small_network(3, 2);
  ASSERT_TRUE(format::write_onnx(network.graph, folder / "network.onnx").ok());
  RunnerRequest request;
  request.model = folder / "network.onnx";
  request.scale = 1.5;
  const auto runner = Runner::open(request);
  ASSERT_TRUE(runner.ok());
  const auto frame = [](int number) {
    std::vector<unsigned char> bytes(16 * 12 * 3);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 5 + number * 40);
    return bytes;
  };
  int given = 0, taken = 0;
  const FrameSource source{{16, 12, 3}, [&](const MutablePixels& pixels) -> Result<bool> {
                             if (given == 6) return false;
                             std::memcpy(pixels.data, frame(given++).data(), frame(0).size());
                             return true;
                           }};
  const FrameSink sink{SampleType::uint8, false, [&](const Pixels& pixels) -> Result<void> {
                         EXPECT_EQ(pixels.width, 24);
                         EXPECT_EQ(pixels.height, 18);
                         std::vector<unsigned char> alone(24 * 18 * 3);
                         const std::vector<unsigned char> input = frame(taken++);
                         const auto done = runner->restore({{16, 12, 3}, input.data()}, {{24, 18, 3}, alone.data()});
                         EXPECT_TRUE(done.ok());
                         EXPECT_EQ(std::memcmp(alone.data(), pixels.data, alone.size()), 0);
                         return {};
                       }};
  const auto done = runner->restore_frames(source, sink);
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_EQ(done->frames, 6);
  EXPECT_EQ(taken, 6);
  EXPECT_EQ(done->width, 24);
  const FrameSource with_alpha{{16, 12, 4}, source.next};
  EXPECT_FALSE(runner->restore_frames(with_alpha, sink).ok());
}

}  // namespace
}  // namespace mantissa::run
