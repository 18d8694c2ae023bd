// What restore() costs beyond the engine: a picture in memory, restored, against the bare engine on as many tiles of the same size.
//
//   run_overhead NETWORK.onnx SCALE RADIUS [rgb|ycbcr|luminance] [TILE_SIZE]
//
// Processor time is printed too: on a machine with other work, the times of the clock mean little.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/files.h"
#include "run/restore.h"
#include "run/tiling.h"

using namespace mantissa;

namespace {

constexpr int kWidth = 2000;
constexpr int kHeight = 1500;

struct Times {
  double clock = 0;
  double processor = 0;
};

Times now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const std::chrono::duration<double> clock = std::chrono::steady_clock::now().time_since_epoch();
  return {clock.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
}

Times operator-(const Times& a, const Times& b) { return {a.clock - b.clock, a.processor - b.processor}; }

Result<Times> bare(run::Session& session, const net::Task& task, const run::TilePlan& plan) {
  const std::int64_t channels = net::channels_of(task.colour), height = plan.tile_height, width = plan.tile_width;
  std::vector<float> in(static_cast<std::size_t>(channels * height * width), 0.5F);
  std::vector<float> out(in.size() * task.scale * task.scale);
  const run::TensorView input{{1, channels, height, width}, in.data()};
  const run::TensorView output{{1, channels, height * task.scale, width * task.scale}, out.data()};
  MANTISSA_TRY(session.run(input, output));  // compiles, allocates
  const Times start = now();
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) MANTISSA_TRY(session.run(input, output));
  return now() - start;
}

Result<Times> whole(run::Session& session, const net::Task& task, const run::RestoreOptions& options) {
  image::Picture picture(kWidth, kHeight, 3);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) picture.samples[i] = static_cast<float>(i % 251) / 250.0F;
  const Times start = now();
  MANTISSA_TRY(run::restore(session, task, picture, options));
  return now() - start;
}

Result<void> measure(const char* network, const net::Task& task, const run::RestoreOptions& options) {
  MANTISSA_ASSIGN(const base::Bytes onnx, base::map_file(network));
  MANTISSA_ASSIGN(const run::TilePlan plan, run::plan_tiles(kWidth, kHeight, task, options.tile_size));
  const double computed = static_cast<double>(plan.tiles.size()) * plan.tile_width * plan.tile_height;
  std::printf("%zu tiles of %dx%d, %.2f pixels computed for each\n", plan.tiles.size(), plan.tile_width,
              plan.tile_height, computed / (kWidth * kHeight));
  for (const run::ProviderDescriptor& descriptor : run::providers()) {
    MANTISSA_ASSIGN(run::Provider* const provider, run::provider(descriptor.name));
    MANTISSA_ASSIGN(const auto session, provider->open(onnx.span(), {}));
    MANTISSA_ASSIGN(const Times engine, bare(*session, task, plan));
    MANTISSA_ASSIGN(const Times restored, whole(*session, task, options));
    std::printf(
        "%-16s engine %7.3f s (%7.3f s of processor)  restore %7.3f s (%7.3f s)  ratio %.3f (%.3f)  %.3f us/pixel\n",
        std::string(descriptor.name).c_str(), engine.clock, engine.processor, restored.clock, restored.processor,
        engine.clock / restored.clock, engine.processor / restored.processor,
        1e6 * restored.clock / (kWidth * kHeight));
  }
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: run_overhead NETWORK.onnx SCALE RADIUS [rgb|ycbcr|luminance] [TILE_SIZE]\n");
    return 2;
  }
  net::Task task;
  task.scale = std::atoi(arguments[2]);
  task.radius = std::atoi(arguments[3]);
  if (count > 4) task.colour = net::colour_named(arguments[4]).value_or(net::Colour::rgb);
  run::RestoreOptions options{count > 5 ? std::atoi(arguments[5]) : run::default_tile_size(task)};
  if (auto result = measure(arguments[1], task, options); !result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    return static_cast<int>(result.error().code);
  }
  return 0;
}
