#include "run/restore.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

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
  // With `in_two_parts` the plan is that of the session's second part.
  Restoration(Session& session, const net::Task& task, image::PictureReader& reader, image::PictureWriter& writer,
              TilePlan plan, bool in_two_parts, const RestoreOptions& options)
      : session_(session),
        in_two_parts_(in_two_parts),
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
  Result<void> run_session(Session& session, const TensorView& input, const TensorView& output);
  Result<const std::vector<float>*> seen_by(Session& session);
  Result<Fault> try_session(Session& session, const Tile& tile, const Place& place);
  Result<void> repeat(Fault fault, const Tile& tile, const Place& place);
  [[nodiscard]] bool is_faded() const { return !task_.radius && !in_two_parts_; }
  [[nodiscard]] bool is_put_aside() const { return is_faded() || (info_.has_alpha && options_.restore_alpha); }

  Session& session_;
  const bool in_two_parts_;
  const net::Task& task_;
  image::PictureReader& reader_;
  image::PictureWriter& writer_;
  const image::PictureInfo& info_;
  TilePlan plan_;
  const RestoreOptions& options_;
  Window window_;
  Seams seams_;
  std::vector<float> input_;
  bool is_alpha_ = false;  // what input_ holds
  std::vector<float> output_;
  std::map<std::pair<Session*, bool>, std::vector<float>> seen_;  // by the branches, of the picture and of alpha
  Picture part_;  // what a tile gives, where that is not yet what the file gets
  RestoreStatistics statistics_;
};

// What the session's branch says of the whole picture, which is read for it once more.
Result<const std::vector<float>*> Restoration::seen_by(Session& session) {
  const auto [found, is_new] = seen_.try_emplace({&session, is_alpha_});
  if (!is_new) return &found->second;
  const image::Rectangle padded{0, 0, plan_.padded_width, plan_.padded_height};
  const std::int64_t channels = net::channels_of(task_.colour);
  std::vector<float> tensor(static_cast<std::size_t>(channels) * padded.width * padded.height);
  {
    Window whole(reader_, task_);
    MANTISSA_TRY(whole.move_to({0, 0, info_.width, info_.height}));
    is_alpha_ ? whole.fill_with_alpha(tensor, padded) : whole.fill(tensor, padded);
  }
  const auto start = Clock::now();
  MANTISSA_ASSIGN(found->second, session.see({{1, channels, padded.height, padded.width}, tensor.data()}));
  statistics_.engine_seconds += seconds_since(start);
  return &found->second;
}

Result<void> Restoration::run_session(Session& session, const TensorView& input, const TensorView& output) {
  const std::vector<float>* seen = nullptr;
  if (in_two_parts_) {
    MANTISSA_ASSIGN(const TwoParts* const parts, session.two_parts());
    if (parts != nullptr) {  // else a safer variant that is not built so: of a tile at least it makes a picture
      MANTISSA_ASSIGN(seen, seen_by(session));
    }
  }
  const auto start = Clock::now();
  MANTISSA_TRY(seen != nullptr ? session.run_rest(input, *seen, output) : session.run(input, output));
  statistics_.engine_seconds += seconds_since(start);
  return {};
}

Result<Fault> Restoration::try_session(Session& session, const Tile& tile, const Place& place) {
  const std::int64_t channels = net::channels_of(task_.colour);
  const std::int64_t height = tile.input.height;
  const std::int64_t width = tile.input.width;
  MANTISSA_TRY(run_session(session, {{1, channels, height, width}, input_.data()},
                           {{1, channels, height * task_.scale, width * task_.scale}, output_.data()}));
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
  is_alpha_ = false;
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
    is_alpha_ = true;
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
  if (is_faded() && tiles > 1) statistics_.agreement = seams_.agreement();
  return statistics_;
}

// What was measured of the tiles whose side is nearest.
std::optional<TileError> error_of_tiles(const std::vector<TileError>& errors, int side) {
  const auto nearest = std::min_element(errors.begin(), errors.end(), [&](const auto& a, const auto& b) {
    return std::abs(a.tile - side) < std::abs(b.tile - side);
  });
  return nearest == errors.end() ? std::nullopt : std::optional(*nearest);
}

// Tells what fading costs, as far as the release knows it; the user who asked for tiles does not need to be warned.
std::optional<TileError> tell_of_fading(const image::PictureInfo& picture, const net::Task& task, const TilePlan& plan,
                                        const RestoreOptions& options) {
  const int side = std::max(plan.tile_width, plan.tile_height);
  const std::optional<TileError> error = error_of_tiles(options.tile_errors, side);
  if (options.tile_size > 0) return error;
  std::string text = "the network sees the whole picture, which would need about " + memory_for_whole(task, picture) +
                     " of memory: it is cut into tiles of " + std::to_string(side) + " that are faded into each other";
  if (error) text += "; " + text_of(*error);
  base::warn(text);
  return error;
}

// nullopt: the network has no such parts, or not the memory for them.
Result<std::optional<TilePlan>> choose_tiles_of_rest(Session& session, const image::PictureInfo& picture,
                                                     const TileWish& wish) {
  MANTISSA_ASSIGN(const TwoParts* const parts, session.two_parts());
  if (parts == nullptr) return std::optional<TilePlan>();
  return choose_tiles(picture, *parts, wish);
}

}  // namespace

Result<RestoreStatistics> restore(Session& session, const net::Task& task, image::PictureReader& reader,
                                  image::PictureWriter& writer, const RestoreOptions& options,
                                  const std::function<void(int done, int tiles)>& progress) {
  const TileWish wish{options.tile_size, options.fast_tile, options.memory};
  MANTISSA_ASSIGN(TilePlan plan, choose_tiles(reader.info(), task, wish));
  std::optional<TilePlan> of_rest;
  std::optional<TileError> tile_error;
  if (!task.radius && plan.tiles.size() > 1) {
    MANTISSA_ASSIGN(of_rest, choose_tiles_of_rest(session, reader.info(), wish));
    if (of_rest)
      base::detail("a branch of the network sees the whole picture, and the rest its tiles: they equal the whole");
    else
      tile_error = tell_of_fading(reader.info(), task, plan, options);
  }
  const bool in_two_parts = of_rest.has_value();
  Restoration restoration(session, task, reader, writer, in_two_parts ? *std::move(of_rest) : std::move(plan),
                          in_two_parts, options);
  MANTISSA_ASSIGN(RestoreStatistics done, restoration.run(progress));
  done.tile_error = tile_error;
  return done;
}

Result<Picture> restore(Session& session, const net::Task& task, const Picture& picture,
                        const RestoreOptions& options) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width * task.scale, picture.height * task.scale, picture.channels);
  MANTISSA_TRY(restore(session, task, reader, writer, options, {}));
  return writer.take();
}

}  // namespace mantissa::run
