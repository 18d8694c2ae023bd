// What restore() costs beyond the engine: a picture of 6 megapixels and 8 bits in memory, restored row of tiles by row
// of tiles as from and to a file, against the bare engine on the same tiles. Files are not decoded or encoded.
//
//   run_overhead NETWORK [TILE_SIZE [PICTURE OUTPUT]]
//
// With names of files, these are decoded and encoded: a whole picture and the bare engine on as many tiles take turns,
// since an encoder that goes on behind a tile would meet the bare run. TILE_SIZE 0 is the default.
//
// Without, they take turns tile by tile; medians of the rounds are printed, of processor time too: on a machine with
// other work, the times of the clock mean little.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "format/network_file.h"
#include "format/onnx.h"
#include "image/codec.h"
#include "run/choose_tiles.h"
#include "run/pixels.h"
#include "run/restore.h"
#include "run/tiling.h"
#include "times.h"

using namespace mantissa;

namespace {

struct Files {
  std::filesystem::path picture;
  std::filesystem::path output;
};

constexpr int kWidth = 3000;
constexpr int kHeight = 2000;
constexpr int kRounds = 5;
constexpr int kFewRounds = 3;  // are enough where they take longer than
constexpr double kLongSeconds = 60;

// Runs each tile once more, bare: the engine's times from the same moments as the restoration's, since a shared machine
// is a third faster in one minute than in the next. The restoration's own run comes first, with the caches as its work
// left them.
class AgainBare : public run::Session {
 public:
  explicit AgainBare(run::Session& session) : session_(session) {}

  Result<void> run(const run::TensorView& input, const run::TensorView& output) override {
    MANTISSA_TRY(session_.run(input, output));
    output_.resize(static_cast<std::size_t>(output.count()));
    const Times start = now();
    MANTISSA_TRY(session_.run(input, {output.shape, output_.data()}));
    bare_ = bare_ + (now() - start);
    return {};
  }
  Result<std::vector<float>> run(const run::TensorView& input, std::vector<std::int64_t>& output_shape) override {
    return session_.run(input, output_shape);
  }
  Result<run::Placement> placement() override { return session_.placement(); }

  Times take_bare() { return std::exchange(bare_, {}); }

 private:
  run::Session& session_;
  std::vector<float> output_;
  Times bare_;
};

// With the bare runs' time in it.
Result<Times> restore(run::Session& session, const net::Task& task, const run::RestoreOptions& options) {
  static std::vector<std::uint8_t> in(3U * kWidth * kHeight), out;
  out.resize(in.size() * task.scale * task.scale);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i % 251);
  run::PixelReader reader({{kWidth, kHeight, 3}, in.data()});
  run::PixelWriter writer({{kWidth * task.scale, kHeight * task.scale, 3}, out.data()});
  const Times start = now();
  MANTISSA_TRY(run::restore(session, task, reader, writer, options, {}));
  return now() - start;
}

// From a file to a file.
Result<Times> restore_file(run::Session& session, const net::Task& task, const run::RestoreOptions& options,
                           const Files& files) {
  const Times start = now();
  MANTISSA_ASSIGN(const auto reader, image::open_picture(files.picture));
  image::PictureInfo info = reader->info();
  info.width *= task.scale;
  info.height *= task.scale;
  MANTISSA_ASSIGN(const auto writer, image::create_picture(files.output, info));
  MANTISSA_TRY(run::restore(session, task, *reader, *writer, options, {}));
  return now() - start;
}

// The engine on all tiles of a plan.
Result<Times> run_bare(run::Session& session, const net::Task& task, const run::TilePlan& plan) {
  const std::int64_t channels = net::channels_of(task.colour), scale = task.scale;
  const auto pixels = static_cast<std::size_t>(plan.tile_width) * plan.tile_height;
  std::vector<float> in(channels * pixels, (task.range_low + task.range_high) / 2), out(in.size() * scale * scale);
  const Times start = now();
  for (std::size_t i = 0; i < plan.tiles.size(); ++i)
    MANTISSA_TRY(session.run({{1, channels, plan.tile_height, plan.tile_width}, in.data()},
                             {{1, channels, plan.tile_height * scale, plan.tile_width * scale}, out.data()}));
  return now() - start;
}

Result<void> measure_on(const run::ProviderDescriptor& descriptor, const std::string& onnx, const net::Task& task,
                        const run::RestoreOptions& options, const Files* files, const run::TilePlan& plan,
                        double pixels) {
  MANTISSA_ASSIGN(run::Provider* const provider, run::provider(descriptor.name));
  MANTISSA_ASSIGN(const auto session, provider->open(std::as_bytes(std::span(onnx)), {}));
  AgainBare both(*session);
  std::vector<double> by_clock, by_processor, microseconds;
  const Times start = now();
  for (int round = -1; round < kRounds; ++round) {
    if (round >= kFewRounds && (now() - start).clock > kLongSeconds) break;
    Times bare, restored;
    if (files == nullptr) {
      MANTISSA_ASSIGN(const Times total, restore(both, task, options));
      bare = both.take_bare();
      restored = total - bare;
    } else {
      MANTISSA_ASSIGN(restored, restore_file(*session, task, options, *files));
      MANTISSA_ASSIGN(bare, run_bare(*session, task, plan));
    }
    if (round < 0) continue;  // compiles, allocates
    by_clock.push_back(bare.clock / restored.clock);
    by_processor.push_back(bare.processor / restored.processor);
    microseconds.push_back(1e6 * restored.clock / pixels);
  }
  std::printf("%-16s bare / restore %.3f by the clock, %.3f of processor time   %.3f us/pixel\n",
              std::string(descriptor.name).c_str(), median(by_clock), median(by_processor), median(microseconds));
  return {};
}

Result<void> measure(const char* file, int tile_size, const Files* files) {
  MANTISSA_ASSIGN(const net::Network network, format::read_network(file));
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(network.graph));
  image::PictureInfo info;
  info.width = kWidth, info.height = kHeight, info.channels = 3;
  if (files != nullptr) {
    MANTISSA_ASSIGN(const auto reader, image::open_picture(files->picture));
    info = reader->info();
  }
  const run::RestoreOptions options{tile_size};
  MANTISSA_ASSIGN(const run::TilePlan plan, run::choose_tiles(info, network.task, {tile_size}));
  const double computed = static_cast<double>(plan.tiles.size()) * plan.tile_width * plan.tile_height;
  const double pixels = static_cast<double>(info.width) * info.height;
  std::printf("%s x%d, %dx%d: %zu tiles of %dx%d, %.2f pixels computed for each\n",
              std::string(net::name_of(network.task.colour)).c_str(), network.task.scale, info.width, info.height,
              plan.tiles.size(), plan.tile_width, plan.tile_height, computed / pixels);
  for (const run::ProviderDescriptor& descriptor : run::providers())
    MANTISSA_TRY(measure_on(descriptor, onnx, network.task, options, files, plan, pixels));
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2 || count == 4) {
    std::fprintf(stderr, "usage: run_overhead NETWORK [TILE_SIZE [PICTURE OUTPUT]]\n");
    return 2;
  }
  const Files files{count > 4 ? arguments[3] : "", count > 4 ? arguments[4] : ""};
  auto result = measure(arguments[1], count > 2 ? std::atoi(arguments[2]) : 0, count > 4 ? &files : nullptr);
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    return static_cast<int>(result.error().code);
  }
  return 0;
}
