#include "run/race.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/interrupt.h"
#include "base/progress.h"
#include "image/metrics.h"
#include "run/memory_picture.h"
#include "run/race_picture.h"
#include "run/restore.h"
#include "run/tiling.h"

namespace mantissa::run {
namespace {

constexpr int kTurns = 5;
// After its first turn a racer leaves that takes so many times the best's time, after the second one that takes so many
// times: turns of one session differ by some 10 % on a quiet machine, and by half on a busy one.
constexpr double kFarBehind = 2.0;
constexpr double kBehind = 1.25;
// Enough for a median of one that nobody races against.
constexpr int kTurnsAlone = 3;
// Those that are raced over other tiles too, in times of the best.
constexpr double kCloseToBest = 1.1;
// Multiply-accumulates a second, where nothing was measured: two cores of a processor with AVX2 in float32.
constexpr double kExpectedMacs = 5e10;
constexpr int kLeastTile = 64;  // smaller ones are all overhead
constexpr int kMostTile = 1024;

struct Runner {
  Racer racer{};
  std::unique_ptr<Session> session{};
  std::vector<double> times{};
  [[nodiscard]] bool runs() const { return session != nullptr; }
  void refuse(std::string why) {
    racer.refused = std::move(why);
    session.reset();
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double best_time(const std::vector<Runner>& field) {
  double best = INFINITY;
  for (const Runner& each : field)
    if (!each.times.empty()) best = std::min(best, median(each.times));
  return best;
}

// What it makes of the tile, as a user sees it, against fp32.
Result<void> check_picture(Runner& runner, const Runnable& runnable, const image::Picture& tile,
                           const image::Picture& expected) {
  MANTISSA_ASSIGN(Pass pass, time_pass(*runner.session, runnable.task(), tile, tile.width));
  if (!image::all_finite(pass.output)) return unsupported("it gives NaN or infinity");
  image::round_to_8_bits(pass.output);
  runner.racer.psnr = image::psnr(expected, pass.output, runnable.task().scale);
  const double least = runnable.least_psnr(runner.racer.way);
  if (runner.racer.psnr >= least) return {};
  char text[96];
  std::snprintf(text, sizeof text, "its picture is wrong here: %.1f dB against fp32 instead of %.0f", runner.racer.psnr,
                least);
  return unsupported(text);
}

Result<void> prepare(Runner& runner, const Runnable& runnable, const image::Picture& tile,
                     const image::Picture& expected, const RaceOptions& options) {
  MANTISSA_ASSIGN(runner.session, runnable.open(runner.racer.way, options.threads));
  tell_level(*runner.session, runnable.task(), options.sigma);
  MANTISSA_TRY(check_picture(runner, runnable, tile, expected));
  if (is_own(runner.racer.way.provider)) return {};
  MANTISSA_ASSIGN(const Placement placement, runner.session->placement());
  return check_devices(runner.racer.way, placement);
}

Result<image::Picture> reference_of(const Runnable& runnable, const image::Picture& tile, const RaceOptions& options) {
  MANTISSA_ASSIGN(const auto session, runnable.open_reference(options.threads));
  tell_level(*session, runnable.task(), options.sigma);
  MANTISSA_ASSIGN(Pass pass, time_pass(*session, runnable.task(), tile, tile.width));
  image::round_to_8_bits(pass.output);
  return std::move(pass.output);
}

// Everybody in turn, so that all see the same moments of a busy machine.
Result<void> take_turns(std::vector<Runner>& field, const net::Task& task, const image::Picture& tile) {
  for (int turn = 0; turn < kTurns; ++turn) {
    for (Runner& each : field) {
      MANTISSA_TRY(base::check_interrupt());
      if (!each.runs()) continue;
      const auto pass = time_pass(*each.session, task, tile, tile.width);
      if (!pass.ok())
        each.refuse(pass.error().message());
      else
        each.times.push_back(pass->engine_seconds);
    }
    const double limit = best_time(field) * (turn == 0 ? kFarBehind : kBehind);
    for (Runner& each : field)
      if (each.runs() && median(each.times) > limit) each.session.reset();
    const auto left = std::count_if(field.begin(), field.end(), [](const Runner& each) { return each.runs(); });
    if (left < 2 && turn + 1 >= kTurnsAlone) break;
  }
  for (Runner& each : field) {
    each.racer.turns = static_cast<int>(each.times.size());
    if (!each.times.empty())
      each.racer.microseconds_per_pixel = 1e6 * median(each.times) / kept_pixels(task, each.racer.tile_size);
  }
  return {};
}

void sort_fastest_first(std::vector<Racer>& racers) {
  std::stable_sort(racers.begin(), racers.end(), [](const Racer& a, const Racer& b) {
    if (a.refused.empty() != b.refused.empty()) return a.refused.empty();
    return a.microseconds_per_pixel < b.microseconds_per_pixel;
  });
}

// Half and twice the side, where those are sensible.
std::vector<int> other_tiles(const net::Task& task, int tile) {
  std::vector<int> sizes;
  for (const int size : {tile / 2, tile * 2}) {
    const int rounded = size / task.size_multiple * task.size_multiple;
    if (rounded >= kLeastTile && rounded <= kMostTile && rounded > 4 * task.radius.value_or(0))
      sizes.push_back(rounded);
  }
  return sizes;
}

// The best of `field` over another tile, each by itself: a session keeps what it needs for the tiles that it has met.
Result<void> race_tile(std::vector<Runner>& field, const Runnable& runnable, int size, std::vector<Racer>& racers) {
  const double best = best_time(field);
  const image::Picture tile = race_picture(size, size);
  std::vector<Runner> again;
  for (Runner& each : field) {
    if (!each.runs() || median(each.times) > best * kCloseToBest) continue;
    again.push_back({each.racer, std::move(each.session), {}});
    again.back().racer.tile_size = size;
    MANTISSA_TRY(time_pass(*again.back().session, runnable.task(), tile, size));  // compiles, allocates
  }
  MANTISSA_TRY(take_turns(again, runnable.task(), tile));
  for (Runner& each : again) {
    racers.push_back(each.racer);
    for (Runner& of_field : field)
      if (of_field.racer.way == each.racer.way) of_field.session = std::move(each.session);
  }
  return {};
}

}  // namespace

double kept_pixels(const net::Task& task, int tile_size) {
  const int kept = std::max(tile_size - 2 * task.radius.value_or(0), 1);
  return static_cast<double>(kept) * kept;
}

Result<Pass> time_pass(Session& session, const net::Task& task, const image::Picture& picture, int tile_size) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width * task.scale, picture.height * task.scale, picture.channels);
  MANTISSA_ASSIGN(const RestoreStatistics done, restore(session, task, reader, writer, {tile_size}, {}));
  return Pass{writer.take(), done.engine_seconds};
}

void tell_level(Session& session, const net::Task& task, std::optional<double> sigma) {
  if (!task.condition) return;
  constexpr float kUsualLevel = 25;  // where nobody stated one
  const float middle = task.condition->levels ? task.condition->levels->middle() : kUsualLevel;
  const float level = sigma ? static_cast<float>(*sigma) : middle;
  session.set_condition(task.condition->number_of(level), task.condition->step);
}

Result<void> check_devices(const Way& way, const Placement& placement) {
  int all = 0, on_cpu = 0;
  for (const Placement::Share& share : placement.devices) {
    all += share.nodes;
    if (share.device == "CPU") on_cpu += share.nodes;
  }
  if (2 * on_cpu <= all) return {};
  return unsupported(way.provider + " leaves " + std::to_string(on_cpu) + " of the network's " + std::to_string(all) +
                         " nodes to the CPU",
                     "Use another provider, such as openvino-cpu, which has kernels for them all");
}

double expected_speed(const Runnable& runnable, const Way& way) {
  if (way.hint) return *way.hint;
  const auto macs = runnable.macs_per_pixel();
  return macs.ok() ? 1e6 * *macs / kExpectedMacs : 1;
}

int affordable_tile(const Runnable& runnable, const Way& way, double seconds) {
  const net::Task& task = runnable.task();
  const double side = std::sqrt(seconds * 1e6 / std::max(expected_speed(runnable, way), 1e-6));
  const int least = std::max(kLeastTile, 4 * task.radius.value_or(0));
  const int most = default_tile_size(task);
  const int size = std::clamp(static_cast<int>(std::min(side, 1e6)), std::min(least, most), most);
  return std::max(size / task.size_multiple, 1) * task.size_multiple;
}

Result<std::vector<Racer>> race(const Runnable& runnable, const std::vector<Way>& ways, const RaceOptions& options) {
  if (ways.empty()) return std::vector<Racer>();
  const int size =
      options.tile_size > 0 ? options.tile_size : affordable_tile(runnable, ways.front(), options.seconds_per_turn);
  const image::Picture tile = race_picture(size, size);
  MANTISSA_ASSIGN(const image::Picture expected, reference_of(runnable, tile, options));
  base::Progress progress("racing", static_cast<std::int64_t>(ways.size()) + 1, "ways");
  std::vector<Runner> field;
  for (const Way& way : ways) {
    MANTISSA_TRY(base::check_interrupt());
    Runner& runner = field.emplace_back();
    runner.racer.way = way;
    runner.racer.tile_size = size;
    if (const auto ready = prepare(runner, runnable, tile, expected, options); !ready.ok()) {
      if (ready.error().code == ErrorCode::bad_input && !way.path.empty()) return ready.error();  // damaged
      runner.refuse(ready.error().message());
    }
    progress.advance();
  }
  MANTISSA_TRY(take_turns(field, runnable.task(), tile));
  std::vector<Racer> racers;
  for (const Runner& each : field) racers.push_back(each.racer);
  const bool tiles_matter =
      options.tile_size == 0 && runnable.task().radius && size == default_tile_size(runnable.task());
  if (tiles_matter)
    for (const int other : other_tiles(runnable.task(), size)) MANTISSA_TRY(race_tile(field, runnable, other, racers));
  sort_fastest_first(racers);
  return racers;
}

}  // namespace mantissa::run
