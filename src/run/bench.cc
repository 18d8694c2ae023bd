#include "mantissa/bench.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/threads.h"
#include "image/metrics.h"
#include "run/choice.h"
#include "run/machine_peak.h"
#include "run/process_memory.h"
#include "run/race_picture.h"
#include "run/tiling.h"

namespace mantissa {
namespace {

using run::Runnable;
using run::Way;

constexpr int kTurns = 3;

RunnerRequest run_request(const BenchRequest& request) {
  RunnerRequest run;
  run.model = request.model;
  run.provider = request.provider;
  run.variant = request.variant;
  run.overrides = request.overrides;
  run.sigma = request.sigma;
  run.threads = request.threads;
  return run;
}

// Half the default side, it, and twice as much; for a slow network one smaller tile instead.
std::vector<int> tiles_for(const Runnable& runnable, const Way& way, const BenchRequest& request) {
  if (!request.tile_sizes.empty()) return request.tile_sizes;
  constexpr double kSecondsPerTile = 4;
  const int usual = run::default_tile_size(runnable.task());
  const int most = run::affordable_tile(runnable, way, kSecondsPerTile);
  if (most < usual) return {most};
  return runnable.task().radius ? std::vector<int>{usual / 2, usual, std::min(2 * usual, 1024)} : std::vector{usual};
}

// What must at least go to and from memory for an input pixel: the picture in and out in float32.
double least_bytes(const net::Task& task) {
  return 4.0 * net::channels_of(task.colour) * (1 + task.scale * task.scale);
}

struct Bench {
  const BenchRequest& request;
  const Runnable& runnable;
  BenchSummary& summary;

  // The session is opened anew for each size: what it takes is the memory of this size alone.
  Result<BenchRow> measure(const Way& way, int tile_size) const;
};

Result<BenchRow> Bench::measure(const Way& way, int tile_size) const {
  BenchRow row{way.path, way.variant, way.provider, tile_size, 0, 0, 0, 0, {}};
  const net::Task& task = runnable.task();
  const image::Picture tile = run::race_picture(tile_size, tile_size);
  image::Picture expected;
  {
    MANTISSA_ASSIGN(const auto reference, runnable.open_reference(request.threads));
    run::tell_level(*reference, task, request.sigma);
    MANTISSA_ASSIGN(run::Pass pass, run::time_pass(*reference, task, tile, tile_size));
    expected = std::move(pass.output);
    image::round_to_8_bits(expected);
  }
  const std::int64_t before = run::memory_now();
  run::reset_peak_memory();
  auto session = runnable.open(way, request.threads);
  if (!session.ok()) return std::move(session).error();
  run::tell_level(**session, task, request.sigma);
  MANTISSA_ASSIGN(run::Pass first, run::time_pass(**session, task, tile, tile_size));
  row.megabytes = static_cast<double>(std::max<std::int64_t>(run::peak_memory() - before, 0)) / 1e6;
  if (image::all_finite(first.output)) {
    image::round_to_8_bits(first.output);
    row.psnr = image::psnr(expected, first.output, task.scale);
  }
  if (row.psnr < runnable.least_psnr(way)) row.problem = "its picture is wrong here";
  std::vector<double> times;
  for (int turn = 0; turn < kTurns; ++turn) {
    MANTISSA_TRY(base::check_interrupt());
    MANTISSA_ASSIGN(const run::Pass pass, run::time_pass(**session, task, tile, tile_size));
    times.push_back(pass.engine_seconds);
  }
  std::sort(times.begin(), times.end());
  row.microseconds_per_pixel = 1e6 * times[kTurns / 2] / run::kept_pixels(task, tile_size);
  const bool in_bf16 = way.variant == "bf16" || runnable.floats(way) == base::NumberFormat::bfloat16;
  row.bound = run::roofline(summary.peak, summary.macs_per_pixel, runnable.int8_share(way), in_bf16, least_bytes(task));
  return row;
}

BenchSummary begin(const BenchRequest& request) {
  return {base::cpu().model, request.threads > 0 ? request.threads : base::thread_count(), 0, {}, {}};
}

// Without a level of noise, the middle of what the release was made for is taken.
Result<Runnable> read(const RunnerRequest& request) {
  MANTISSA_ASSIGN(Runnable runnable, Runnable::read(request));
  if (request.sigma) MANTISSA_TRY(net::check_level(runnable.task(), request.sigma));
  return runnable;
}

}  // namespace

Result<BenchSummary> bench(const BenchRequest& request) {
  const RunnerRequest as_run = run_request(request);
  MANTISSA_ASSIGN(const Runnable runnable, read(as_run));
  const std::vector<Way> ways = runnable.ways(as_run, /*every=*/true);
  if (ways.empty()) return runnable.nothing_to_run(as_run);
  BenchSummary summary = begin(request);
  MANTISSA_ASSIGN(summary.macs_per_pixel, runnable.macs_per_pixel());
  MANTISSA_ASSIGN(summary.peak, run::measure_peak(request.threads));
  const Bench bench{request, runnable, summary};
  base::Progress progress("measuring", static_cast<std::int64_t>(ways.size()), "ways");
  for (const Way& way : ways) {
    for (const int tile_size : tiles_for(runnable, way, request)) {
      auto row = bench.measure(way, tile_size);
      if (!row.ok() && (row.error().code == ErrorCode::interrupted || row.error().code == ErrorCode::bad_input))
        return std::move(row).error();
      summary.rows.push_back(
          row.ok() ? *std::move(row)
                   : BenchRow{way.path, way.variant, way.provider, tile_size, 0, 0, 0, 0, row.error().message()});
    }
    progress.advance();
  }
  return summary;
}

Result<BenchSummary> choose(const BenchRequest& request) {
  if (!request.provider.empty() || !request.variant.empty() || !request.tile_sizes.empty())
    return usage_error("a choice is made among all providers, variants and tile sizes",
                       "Leave out --provider, --variant and --tile, or --choose");
  const RunnerRequest as_run = run_request(request);
  MANTISSA_ASSIGN(const Runnable runnable, read(as_run));
  const std::vector<Way> ways = runnable.ways(as_run, /*every=*/true);
  if (ways.empty()) return runnable.nothing_to_run(as_run);
  MANTISSA_ASSIGN(std::vector<run::Racer> racers,
                  run::race(runnable, ways, {.threads = request.threads, .sigma = request.sigma}));
  if (!racers.front().refused.empty())
    return unsupported("nothing can run here: " + name_of(racers.front().way) + ": " + racers.front().refused);
  MANTISSA_TRY(run::write_choice(run::choice_key(runnable, request.threads), {racers}));
  BenchSummary summary = begin(request);
  for (const run::Racer& each : racers)
    summary.rows.push_back({each.way.path, each.way.variant, each.way.provider, each.tile_size,
                            each.microseconds_per_pixel, 0, 0, each.psnr, each.refused});
  return summary;
}

}  // namespace mantissa
