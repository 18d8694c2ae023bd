#include "run/restore.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/interrupt.h"
#include "base/progress.h"
#include "run/choose_tiles.h"
#include "run/memory_picture.h"
#include "run/place_tile.h"
#include "run/seams.h"
#include "run/strip.h"
#include "run/tile_check.h"
#include "run/tiling.h"

namespace mantissa::run {

using image::Picture;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Rows above and below that resampling looks at: half the width of the cubic kernel, and one for where it is centred.
constexpr int kResamplingContext = 3;

// The rows of the picture, from and up to, that a row of tiles is made from.
struct Rows {
  int begin;
  int end;
};

Rows rows_needed(const Tile& tile, int height) {
  const int bottom = tile.input.y + tile.input.height;
  int begin = std::min(tile.input.y, tile.keep.y - kResamplingContext);
  if (bottom > height) begin = std::min(begin, 2 * height - 1 - bottom);  // what is reflected below the picture
  const int end = std::max(bottom, tile.keep.y + tile.keep.height + kResamplingContext);
  return {std::max(begin, 0), std::min(end, height)};
}

// Why what an engine gives for a tile is no picture.
enum class Fault { none, not_finite, collapsed };

std::string text_of(Fault fault) {
  return fault == Fault::not_finite ? "gives NaN or infinity" : "gives one flat level where there is a picture";
}

class Restoration {
 public:
  Restoration(Session& session, const net::Task& task, image::PictureReader& reader, TilePlan plan,
              const RestoreOptions& options)
      : session_(session),
        task_(task),
        reader_(reader),
        info_(reader.info()),
        plan_(std::move(plan)),
        options_(options),
        strip_(reader, task),
        seams_(task.scale) {
    const auto pixels = static_cast<std::size_t>(plan_.tile_width) * plan_.tile_height;
    const auto channels = static_cast<std::size_t>(net::channels_of(task.colour));
    input_.resize(channels * pixels);
    output_.resize(input_.size() * task.scale * task.scale);
    const int channels_of_file = info_.channels + (info_.has_alpha ? 1 : 0);
    rows_ = Picture(info_.width * task.scale, plan_.tile_height * task.scale, channels_of_file);  // none is higher
  }

  Result<RestoreStatistics> run(image::PictureWriter& writer, const std::function<void(int, int)>& progress);

 private:
  using Place = std::function<bool()>;  // false for NaN or infinity

  Result<void> run_tile(const Tile& tile);
  Result<void> run_engine(const Tile& tile, const Place& place);
  Result<Fault> try_session(Session& session, const Tile& tile, const Place& place);
  Result<void> repeat(Fault fault, const Tile& tile, const Place& place);
  [[nodiscard]] Rows needed_by(std::vector<Tile>::const_iterator tile) const;

  Session& session_;
  const net::Task& task_;
  image::PictureReader& reader_;
  const image::PictureInfo& info_;
  TilePlan plan_;
  const RestoreOptions& options_;
  Strip strip_;
  Seams seams_;
  std::vector<float> input_;
  std::vector<float> output_;
  Picture rows_;  // what a row of tiles becomes in the file
  RestoreStatistics statistics_;
};

Result<Fault> Restoration::try_session(Session& session, const Tile& tile, const Place& place) {
  const std::int64_t channels = net::channels_of(task_.colour);
  const std::int64_t height = tile.input.height;
  const std::int64_t width = tile.input.width;
  const auto start = Clock::now();
  MANTISSA_TRY(session.run({{1, channels, height, width}, input_.data()},
                           {{1, channels, height * task_.scale, width * task_.scale}, output_.data()}));
  statistics_.engine_seconds += seconds_since(start);
  if (!place()) return Fault::not_finite;
  return options_.safer != nullptr && collapsed(input_, output_, tile, task_) ? Fault::collapsed : Fault::none;
}

// Once more in one safer variant after the other. What the safest gives is what the network gives: a flat level is kept.
Result<void> Restoration::repeat(Fault fault, const Tile& tile, const Place& place) {
  const std::string where = "at column " + std::to_string(tile.keep.x) + ", row " + std::to_string(tile.keep.y);
  std::string failed = options_.safer != nullptr ? options_.safer->chosen() : "the network";
  bool repeated = false;
  for (std::size_t i = 0; fault != Fault::none; ++i) {
    const SaferVariant* next = nullptr;
    if (options_.safer != nullptr) {
      MANTISSA_ASSIGN(next, options_.safer->at(i));
    }
    if (next == nullptr) break;
    const std::string line = failed + " " + text_of(fault) + " " + where + ": done again in " + next->variant;
    (statistics_.tiles_repeated == 0 && !repeated) ? base::warn(line) : base::detail(line);
    repeated = true;
    failed = next->variant;
    MANTISSA_ASSIGN(fault, try_session(*next->session, tile, place));
  }
  if (repeated) ++statistics_.tiles_repeated;
  if (fault != Fault::not_finite) return {};
  return unsupported(failed + " " + text_of(fault) + " " + where,
                     repeated ? "No variant of the release is safer"
                              : "Its numbers leave the range of their format; use another variant");
}

Result<void> Restoration::run_engine(const Tile& tile, const Place& place) {
  MANTISSA_TRY(base::check_interrupt());
  MANTISSA_ASSIGN(const Fault fault, try_session(session_, tile, place));
  return fault == Fault::none ? Result<void>() : repeat(fault, tile, place);
}

Result<void> Restoration::run_tile(const Tile& tile) {
  seams_.keep_left(rows_, tile);
  strip_.fill(input_, tile.input);
  MANTISSA_TRY(run_engine(tile, [&] { return place_tile(output_, tile, strip_, info_, task_, rows_); }));
  if (info_.has_alpha && options_.restore_alpha) {
    strip_.fill_with_alpha(input_, tile.input);
    MANTISSA_TRY(run_engine(tile, [&] { return place_alpha(output_, tile, task_, rows_); }));
  }
  seams_.fade_left(rows_, tile);
  return {};
}

Rows Restoration::needed_by(std::vector<Tile>::const_iterator tile) const {
  return tile == plan_.tiles.end() ? Rows{info_.height, info_.height} : rows_needed(*tile, info_.height);
}

Result<RestoreStatistics> Restoration::run(image::PictureWriter& writer,
                                           const std::function<void(int, int)>& progress) {
  const auto start = Clock::now();
  const int tiles = static_cast<int>(plan_.tiles.size());
  for (auto tile = plan_.tiles.cbegin(); tile != plan_.tiles.cend();) {
    const Tile& first = *tile;  // of a row
    const auto next_row =
        std::find_if(tile, plan_.tiles.cend(), [&](const Tile& t) { return t.keep.y != first.keep.y; });
    const Rows needed = needed_by(tile);
    MANTISSA_TRY(strip_.move_to(needed.begin, needed.end));
    reader_.read_ahead(needed.end, needed_by(next_row).end);
    rows_.height = first.keep.height * task_.scale;
    rows_.samples.resize(rows_.pixels() * rows_.channels);  // in the same memory: every sample is written anew
    for (; tile != next_row; ++tile) {
      MANTISSA_TRY(run_tile(*tile));
      ++statistics_.tiles;
      if (progress) progress(statistics_.tiles, tiles);
    }
    seams_.fade_top(rows_, first.fade_top);
    seams_.keep_bottom(rows_, next_row == plan_.tiles.cend() ? 0 : next_row->fade_top);
    MANTISSA_TRY(writer.write_rows(rows_));
  }
  MANTISSA_TRY(writer.finish());
  statistics_.input_pixels = static_cast<std::int64_t>(info_.width) * info_.height;
  statistics_.seconds = seconds_since(start);
  if (!task_.radius && tiles > 1) statistics_.agreement = seams_.agreement();
  return statistics_;
}

}  // namespace

Result<RestoreStatistics> restore(Session& session, const net::Task& task, image::PictureReader& reader,
                                  image::PictureWriter& writer, const RestoreOptions& options,
                                  const std::function<void(int done, int tiles)>& progress) {
  MANTISSA_ASSIGN(TilePlan plan,
                  choose_tiles(reader.info(), task, {options.tile_size, options.fast_tile, options.memory}));
  return Restoration(session, task, reader, std::move(plan), options).run(writer, progress);
}

Result<Picture> restore(Session& session, const net::Task& task, const Picture& picture,
                        const RestoreOptions& options) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width * task.scale, picture.height * task.scale, picture.channels);
  MANTISSA_TRY(restore(session, task, reader, writer, options, {}));
  return writer.take();
}

}  // namespace mantissa::run
