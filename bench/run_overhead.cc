// What restore() costs beyond the engine: a picture in memory, restored row of tiles by row of tiles as from and to a
// file, against the bare engine on as many tiles of the same size. Files are not decoded or encoded.
//
//   run_overhead NETWORK [TILE_SIZE]
//
// Rounds take turns, and medians are printed; processor time too: on a machine with other work, the times of the clock
// mean little.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "format/network_file.h"
#include "format/onnx.h"
#include "run/memory_picture.h"
#include "run/restore.h"
#include "run/tiling.h"

using namespace mantissa;

namespace {

constexpr int kWidth = 2000;
constexpr int kHeight = 1500;
constexpr int kRounds = 5;
constexpr int kFewRounds = 3;  // are enough where they take longer than
constexpr double kLongSeconds = 60;

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

// Where an encoder would be.
class Nowhere : public image::PictureWriter {
 public:
  Result<void> write_rows(const image::Picture&) override { return {}; }
  Result<void> finish() override { return {}; }
};

Result<Times> whole(run::Session& session, const net::Task& task, const run::RestoreOptions& options) {
  image::Picture picture(kWidth, kHeight, 3);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) picture.samples[i] = static_cast<float>(i % 251) / 250.0F;
  run::MemoryReader reader(picture);
  Nowhere writer;
  const Times start = now();
  MANTISSA_TRY(run::restore(session, task, reader, writer, options, {}));
  return now() - start;
}

Times median(std::vector<Times> rounds) {
  const auto middle = [&](double Times::*time) {
    std::sort(rounds.begin(), rounds.end(), [&](const Times& a, const Times& b) { return a.*time < b.*time; });
    return rounds[rounds.size() / 2].*time;
  };
  return {middle(&Times::clock), middle(&Times::processor)};
}

Result<void> measure_on(const run::ProviderDescriptor& descriptor, const std::string& onnx, const net::Task& task,
                        const run::RestoreOptions& options) {
  MANTISSA_ASSIGN(run::Provider* const provider, run::provider(descriptor.name));
  MANTISSA_ASSIGN(const auto session, provider->open(std::as_bytes(std::span(onnx)), {}));
  MANTISSA_ASSIGN(const run::TilePlan plan, run::plan_tiles(kWidth, kHeight, task, options.tile_size));
  std::vector<Times> engine_rounds, restore_rounds;
  const Times start = now();
  for (int round = 0; round < kRounds; ++round) {
    if (round >= kFewRounds && (now() - start).clock > kLongSeconds) break;
    MANTISSA_ASSIGN(engine_rounds.emplace_back(), bare(*session, task, plan));
    MANTISSA_ASSIGN(restore_rounds.emplace_back(), whole(*session, task, options));
  }
  const Times engine = median(engine_rounds), restored = median(restore_rounds);
  std::printf(
      "%-16s engine %7.3f s (%7.3f s of processor)  restore %7.3f s (%7.3f s)  ratio %.3f (%.3f)  %.3f us/pixel\n",
      std::string(descriptor.name).c_str(), engine.clock, engine.processor, restored.clock, restored.processor,
      engine.clock / restored.clock, engine.processor / restored.processor, 1e6 * restored.clock / (kWidth * kHeight));
  return {};
}

Result<void> measure(const char* file, int tile_size) {
  MANTISSA_ASSIGN(const net::Network network, format::read_network(file));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(network.graph));
  const run::RestoreOptions options{tile_size > 0 ? tile_size : run::default_tile_size(network.task)};
  MANTISSA_ASSIGN(const run::TilePlan plan, run::plan_tiles(kWidth, kHeight, network.task, options.tile_size));
  const double computed = static_cast<double>(plan.tiles.size()) * plan.tile_width * plan.tile_height;
  std::printf("%s x%d: %zu tiles of %dx%d, %.2f pixels computed for each\n",
              std::string(net::name_of(network.task.colour)).c_str(), network.task.scale, plan.tiles.size(),
              plan.tile_width, plan.tile_height, computed / (kWidth * kHeight));
  for (const run::ProviderDescriptor& descriptor : run::providers())
    MANTISSA_TRY(measure_on(descriptor, onnx, network.task, options));
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: run_overhead NETWORK [TILE_SIZE]\n");
    return 2;
  }
  if (auto result = measure(arguments[1], count > 2 ? std::atoi(arguments[2]) : 0); !result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    return static_cast<int>(result.error().code);
  }
  return 0;
}
