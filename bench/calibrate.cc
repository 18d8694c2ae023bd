// What calibrating and quantizing cost, against one fp32 pass over the same tiles in the same engine; and that the
// memory that they take does not depend on the size of the pictures. Statistics and ranges, all that a quantizer without
// rounding against inputs would do, are timed apart from all that a release does.
//
//   calibrate NETWORK PICTURES [DEGRADATION] [ROUNDS]
//
// Three sets of tiles, each in a process of its own so that its peak memory is its own: the half of the tiles that a
// release gathers statistics on, all of them, and those of four made-up pictures of 512x512. Both sides of a ratio open
// their own session, take turns round by round, and medians are printed. On a machine with other work, the times of the
// clock mean little: processor time is printed too.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/files.h"
#include "image/codec.h"
#include "quant/choose_range.h"
#include "read.h"
#include "release/calibration.h"
#include "release/engines.h"
#include "release/make_variants.h"
#include "release/trial.h"
#include "times.h"

using namespace mantissa;

namespace {

constexpr std::uint64_t kSeed = 1;

struct Arguments {
  std::filesystem::path network;
  std::filesystem::path pictures;
  std::string degradation = "none";
  int rounds = 5;
};

double peak_megabytes() {
  const rusage usage = usage_so_far();
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

double median(const std::vector<Times>& times, double Times::*kind) {
  std::vector<double> values;
  values.reserve(times.size());
  for (const Times& each : times) values.push_back(each.*kind);
  return mantissa::median(std::move(values));
}

Result<Times> fp32_pass(const net::Network& network, const std::vector<quant::Batch>& tiles) {
  const Times start = now();
  MANTISSA_TRY(
      release::execute_on(release::kReference)(network.graph, tiles, {}, [](std::size_t, const quant::Batch&) {}));
  return now() - start;
}

// What choosing ranges needs, and the choice: no second moments, which only rounding asks for.
Result<Times> statistics_and_ranges(const net::Network& network, const std::vector<target::FileToMake>& files,
                                    const std::vector<quant::Batch>& tiles) {
  const Times start = now();
  quant::StatisticsRequest request = release::statistics_for(network.graph, files);
  request.convolutions.clear();
  MANTISSA_ASSIGN(const quant::Statistics statistics,
                  quant::calibrate(network.graph, request, tiles, release::execute_on(release::kReference), kSeed));
  for (const auto& [name, value] : statistics.values)
    (void)quant::choose_range(value.histogram(), quant::RangeMethod::least_squares, base::NumberFormat::uint8);
  return now() - start;
}

struct Quantizing {
  Times calibrate;
  Times quantize;
};

// As a release does it, before repair: one pass for the statistics of every variant, then each int8 form of the target.
Result<Quantizing> quantize_all(const net::Network& network, const std::vector<target::FileToMake>& files,
                                const std::vector<quant::Batch>& tiles) {
  const Times start = now();
  MANTISSA_ASSIGN(const quant::Statistics statistics,
                  quant::calibrate(network.graph, release::statistics_for(network.graph, files), tiles,
                                   release::execute_on(release::kReference), kSeed));
  const Times calibrated = now();
  for (const target::FileToMake& file : files) {
    const release::Calibration nothing_to_judge_on;
    release::Trial trial(network, file, statistics, nothing_to_judge_on);
    MANTISSA_TRY(trial.balance());
    MANTISSA_TRY(trial.graph_with({}));
  }
  return Quantizing{calibrated - start, now() - calibrated};
}

enum class Tiles { of_a_release, all };

Result<void> measure(const char* title, const Arguments& arguments, const std::filesystem::path& pictures,
                     const std::string& degradation, Tiles which) {
  MANTISSA_ASSIGN(const net::Network network, read_with_shapes(arguments.network));
  MANTISSA_ASSIGN(const target::Target* target, target::target_of(base::cpu()));
  MANTISSA_ASSIGN(const image::Degradation how, image::parse_degradation(degradation));
  MANTISSA_ASSIGN(const release::PictureSet set, release::PictureSet::open({pictures}, how, network.task, kSeed));
  MANTISSA_ASSIGN(release::Calibration calibration, release::read_calibration(set, network.task, kSeed));
  std::vector<quant::Batch> tiles = std::move(calibration.for_ranges);
  if (which == Tiles::all)
    std::move(calibration.for_decisions.begin(), calibration.for_decisions.end(), std::back_inserter(tiles));
  double pixels = 0;
  for (const quant::Batch& tile : tiles) pixels += static_cast<double>(tile.shape[2] * tile.shape[3]);

  MANTISSA_TRY(fp32_pass(network, tiles));  // warms up
  const double memory_of_fp32 = peak_megabytes();
  std::vector<Times> fp32, ranges, calibrate, quantize, ratios_of_ranges, ratios;
  const std::vector<target::FileToMake> files = target::files_for({target});
  const auto ratio = [&](const Times& times) {
    return Times{times.clock / fp32.back().clock, times.processor / fp32.back().processor};
  };
  for (int round = 0; round < arguments.rounds; ++round) {
    MANTISSA_ASSIGN(fp32.emplace_back(), fp32_pass(network, tiles));
    MANTISSA_ASSIGN(ranges.emplace_back(), statistics_and_ranges(network, files, tiles));
    MANTISSA_ASSIGN(const Quantizing quantizing, quantize_all(network, files, tiles));
    calibrate.push_back(quantizing.calibrate);
    quantize.push_back(quantizing.quantize);
    ratios_of_ranges.push_back(ratio(ranges.back()));
    ratios.push_back(ratio(quantizing.calibrate + quantizing.quantize));
  }
  std::printf("%s: %zu tiles, %.3f megapixels\n", title, tiles.size(), pixels / 1e6);
  for (const auto& [name, kind] : {std::pair("clock", &Times::clock), std::pair("processor", &Times::processor)})
    std::printf(
        "  %-9s  fp32 pass %.3f s   statistics and ranges %.3f s, ratio %.2f   calibrate %.3f s   quantize %.3f s, "
        "ratio %.2f\n",
        name, median(fp32, kind), median(ranges, kind), median(ratios_of_ranges, kind), median(calibrate, kind),
        median(quantize, kind), median(ratios, kind));
  std::printf("  peak memory %.0f MB (fp32 pass alone %.0f MB)\n", peak_megabytes(), memory_of_fp32);
  return {};
}

// Four pictures with edges and noise; what is on them does not matter to time and memory.
Result<void> draw_pictures(const std::filesystem::path& folder) {
  constexpr std::size_t kSide = 512;
  std::uint32_t random = 1;
  for (int i = 0; i < 4; ++i) {
    image::Picture picture(static_cast<int>(kSide), static_cast<int>(kSide), 3);
    for (std::size_t k = 0; k < picture.samples.size(); ++k) {
      random = random * 1664525U + 1013904223U;
      const bool light = (k / 24 + k / (24 * kSide)) % 2 == 0;
      picture.samples[k] = (light ? 0.7F : 0.2F) + 0.1F * static_cast<float>(random >> 24) / 255.0F;
    }
    MANTISSA_TRY(image::write_picture(folder / (std::to_string(i) + ".png"), picture));
  }
  return {};
}

Result<void> measure_large_pictures(const Arguments& arguments) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("mantissa-bench-" + std::to_string(getpid()));
  std::error_code ignored;
  std::filesystem::create_directory(folder, ignored);
  auto result = draw_pictures(folder);
  if (result.ok()) result = measure("four pictures of 512x512, all tiles", arguments, folder, "none", Tiles::all);
  std::filesystem::remove_all(folder, ignored);
  return result;
}

// In a process of its own; returns its exit code.
template <class Work>
int apart(const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    const auto result = work();
    if (!result.ok()) std::fprintf(stderr, "%s\n", Error(result.error()).message().c_str());
    std::fflush(stdout);
    _exit(result.ok() ? 0 : static_cast<int>(Error(result.error()).code));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ErrorCode::internal);
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::fprintf(stderr, "usage: calibrate NETWORK PICTURES [DEGRADATION] [ROUNDS]\n");
    return 2;
  }
  Arguments arguments{words[1], words[2]};
  if (count > 3) arguments.degradation = words[3];
  if (count > 4) arguments.rounds = std::max(std::atoi(words[4]), 1);
  int code = apart([&] {
    return measure("the half for statistics", arguments, arguments.pictures, arguments.degradation,
                   Tiles::of_a_release);
  });
  if (code == 0)
    code =
        apart([&] { return measure("all tiles", arguments, arguments.pictures, arguments.degradation, Tiles::all); });
  if (code == 0) code = apart([&] { return measure_large_pictures(arguments); });
  return code;
}
