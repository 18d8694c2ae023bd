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
#include "run/tile_check.h"
#include "run/tiling.h"
#include "run/window.h"

namespace mantissa::run {

using image::Picture;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Pixels around that resampling looks at: half the width of the cubic kernel, and one for where it is centred.
constexpr int kResamplingContext = 3;

// Rows or columns of the picture, from and up to.
struct Span {
  int begin;
  int end;
};

// Those that a tile is made from: of `length`, the network gets [input, input + size), of which `kept` are kept.
Span needed(int input, int size, Span kept, int length) {
  int begin = std::min(input, kept.begin - kResamplingContext);
  if (input + size > length) begin = std::min(begin, 2 * length - 1 - (input + size));  // what is reflected beyond
  return {std::max(begin, 0), std::min(std::max(input + size, kept.end + kResamplingContext), length)};
}

image::Rectangle area_of(const Tile& tile, const image::PictureInfo& info) {
  const image::Rectangle &input = tile.input, &keep = tile.keep;
  const Span columns = needed(input.x, input.width, {keep.x, keep.x + keep.width}, info.width);
  const Span rows = needed(input.y, input.height, {keep.y, keep.y + keep.height}, info.height);
  return {columns.begin, rows.begin, columns.end - columns.begin, rows.end - rows.begin};
}

// Why what an engine gives for a tile is no picture.
enum class Fault { none, not_finite, collapsed };

std::string text_of(Fault fault) {
  return fault == Fault::not_finite ? "gives NaN or infinity" : "gives one flat level where there is a picture";
}

class Restoration {
 public:
  Restoration(Session& session, const net::Task& task, image::PictureReader& reader, image::PictureWriter& writer,
              TilePlan plan, const RestoreOptions& options)
      : session_(session),
        task_(task),
        reader_(reader),
        writer_(writer),
        info_(reader.info()),
        plan_(std::move(plan)),
        options_(options),
        window_(reader, task),
        seams_(task.scale, info_.width * task.scale) {
    const auto pixels = static_cast<std::size_t>(plan_.tile_width) * plan_.tile_height;
    const auto channels = static_cast<std::size_t>(net::channels_of(task.colour));
    input_.resize(channels * pixels);
    output_.resize(input_.size() * task.scale * task.scale);
  }

  Result<RestoreStatistics> run(const std::function<void(int, int)>& progress);

 private:
  using Place = std::function<bool()>;  // false for NaN or infinity

  Result<void> run_tile(const Tile& tile);
  Result<void> run_tile_aside(const Tile& tile);
  Result<void> run_engine(const Tile& tile, const Place& place);
  Result<Fault> try_session(Session& session, const Tile& tile, const Place& place);
  Result<void> repeat(Fault fault, const Tile& tile, const Place& place);
  [[nodiscard]] bool is_put_aside() const { return !task_.radius || (info_.has_alpha && options_.restore_alpha); }

  Session& session_;
  const net::Task& task_;
  image::PictureReader& reader_;
  image::PictureWriter& writer_;
  const image::PictureInfo& info_;
  TilePlan plan_;
  const RestoreOptions& options_;
  Window window_;
  Seams seams_;
  std::vector<float> input_;
  std::vector<float> output_;
  Picture part_;  // what a tile gives, where that is not yet what the file gets
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

// Once more in one safer variant after the other. What the safest gives is what the network gives: a flat level is
// kept.
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
  window_.fill(input_, tile.input);
  if (is_put_aside()) return run_tile_aside(tile);
  const auto width = static_cast<std::size_t>(tile.keep.width) * task_.scale;
  const auto to_file = [&](int y, image::PictureWriter::Lines lines) {
    writer_.put(y, tile.keep.x * task_.scale, lines, width);
  };
  return run_engine(tile, [&] { return place_tile(output_, tile, window_, info_, task_, to_file); });
}

// Where more is done to what the engine gives.
Result<void> Restoration::run_tile_aside(const Tile& tile) {
  part_.reshape(tile.keep.width * task_.scale, tile.keep.height * task_.scale,
                info_.channels + (info_.has_alpha ? 1 : 0));
  const auto aside = [&](int y, image::PictureWriter::Lines lines) {
    for (int channel = 0; channel < part_.channels; ++channel)
      std::copy_n(lines[static_cast<std::size_t>(channel)], part_.width, part_.row(channel, y).begin());
  };
  MANTISSA_TRY(run_engine(tile, [&] { return place_tile(output_, tile, window_, info_, task_, aside); }));
  if (info_.has_alpha && options_.restore_alpha) {
    window_.fill_with_alpha(input_, tile.input);
    MANTISSA_TRY(run_engine(tile, [&] { return place_alpha(output_, tile, task_, part_); }));
  }
  seams_.fade(part_, tile);
  const int rows = part_.height - tile.fade_bottom * task_.scale;
  for (int y = 0; y < rows; ++y)
    image::put_row(writer_, part_, y, tile.keep.x * task_.scale, part_.width - tile.fade_right * task_.scale);
  return {};
}

Result<RestoreStatistics> Restoration::run(const std::function<void(int, int)>& progress) {
  const auto start = Clock::now();
  const int tiles = static_cast<int>(plan_.tiles.size());
  for (auto tile = plan_.tiles.cbegin(); tile != plan_.tiles.cend();) {
    const Tile& first = *tile;  // of a row
    const auto next_row =
        std::find_if(tile, plan_.tiles.cend(), [&](const Tile& t) { return t.keep.y != first.keep.y; });
    MANTISSA_TRY(writer_.begin_rows((first.keep.height - first.fade_bottom) * task_.scale));
    for (; tile != next_row; ++tile) {
      const image::Rectangle area = area_of(*tile, info_);
      MANTISSA_TRY(window_.move_to(area));
      if (&*tile == &first && next_row != plan_.tiles.cend()) {
        const image::Rectangle next = area_of(*next_row, info_);
        reader_.read_ahead(area.y + area.height, next.y + next.height);
      }
      MANTISSA_TRY(run_tile(*tile));
      ++statistics_.tiles;
      if (progress) progress(statistics_.tiles, tiles);
    }
    MANTISSA_TRY(writer_.end_rows());
  }
  MANTISSA_TRY(writer_.finish());
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
  return Restoration(session, task, reader, writer, std::move(plan), options).run(progress);
}

Result<Picture> restore(Session& session, const net::Task& task, const Picture& picture,
                        const RestoreOptions& options) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width * task.scale, picture.height * task.scale, picture.channels);
  MANTISSA_TRY(restore(session, task, reader, writer, options, {}));
  return writer.take();
}

}  // namespace mantissa::run
