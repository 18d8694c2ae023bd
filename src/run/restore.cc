#include "run/restore.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/interrupt.h"
#include "run/memory_picture.h"
#include "run/place_tile.h"
#include "run/strip.h"
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

class Restoration {
 public:
  Restoration(Session& session, const net::Task& task, image::PictureReader& reader, TilePlan plan)
      : session_(session), task_(task), info_(reader.info()), plan_(std::move(plan)), strip_(reader, task) {
    const auto pixels = static_cast<std::size_t>(plan_.tile_width) * plan_.tile_height;
    const auto channels = static_cast<std::size_t>(net::channels_of(task.colour));
    input_.resize(channels * pixels);
    output_.resize(input_.size() * task.scale * task.scale);
    const int channels_of_file = info_.channels + (info_.has_alpha ? 1 : 0);
    rows_ = Picture(info_.width * task.scale, plan_.tile_height * task.scale, channels_of_file);  // none is higher
  }

  Result<RestoreStatistics> run(image::PictureWriter& writer, const std::function<void(int, int)>& progress);

 private:
  Result<void> run_tile(const Tile& tile);

  Session& session_;
  const net::Task& task_;
  const image::PictureInfo& info_;
  TilePlan plan_;
  Strip strip_;
  std::vector<float> input_;
  std::vector<float> output_;
  Picture rows_;  // what a row of tiles becomes in the file
  RestoreStatistics statistics_;
};

Result<void> Restoration::run_tile(const Tile& tile) {
  MANTISSA_TRY(base::check_interrupt());
  strip_.fill(input_, tile.input);
  const std::int64_t channels = net::channels_of(task_.colour);
  const std::int64_t height = tile.input.height;
  const std::int64_t width = tile.input.width;
  const auto start = Clock::now();
  MANTISSA_TRY(session_.run({{1, channels, height, width}, input_.data()},
                            {{1, channels, height * task_.scale, width * task_.scale}, output_.data()}));
  statistics_.engine_seconds += seconds_since(start);
  if (!place_tile(output_, tile, strip_, info_, task_, rows_))
    return unsupported("the network gives NaN or infinity at column " + std::to_string(tile.keep.x) + ", row " +
                           std::to_string(tile.keep.y),
                       "Its numbers leave the range of their format; use another variant");
  return {};
}

Result<RestoreStatistics> Restoration::run(image::PictureWriter& writer,
                                           const std::function<void(int, int)>& progress) {
  const auto start = Clock::now();
  const int tiles = static_cast<int>(plan_.tiles.size());
  for (auto tile = plan_.tiles.begin(); tile != plan_.tiles.end();) {
    const Tile& first = *tile;  // of a row
    const Rows needed = rows_needed(first, info_.height);
    MANTISSA_TRY(strip_.move_to(needed.begin, needed.end));
    rows_.height = first.keep.height * task_.scale;
    rows_.samples.resize(rows_.pixels() * rows_.channels);  // in the same memory: every sample is written anew
    for (; tile != plan_.tiles.end() && tile->keep.y == first.keep.y; ++tile) {
      MANTISSA_TRY(run_tile(*tile));
      ++statistics_.tiles;
      if (progress) progress(statistics_.tiles, tiles);
    }
    MANTISSA_TRY(writer.write_rows(rows_));
  }
  MANTISSA_TRY(writer.finish());
  statistics_.input_pixels = static_cast<std::int64_t>(info_.width) * info_.height;
  statistics_.seconds = seconds_since(start);
  return statistics_;
}

}  // namespace

Result<RestoreStatistics> restore(Session& session, const net::Task& task, image::PictureReader& reader,
                                  image::PictureWriter& writer, const RestoreOptions& options,
                                  const std::function<void(int done, int tiles)>& progress) {
  const int tile_size = options.tile_size > 0 ? options.tile_size : default_tile_size(task);
  MANTISSA_ASSIGN(TilePlan plan, plan_tiles(reader.info().width, reader.info().height, task, tile_size));
  return Restoration(session, task, reader, std::move(plan)).run(writer, progress);
}

Result<Picture> restore(Session& session, const net::Task& task, const Picture& picture,
                        const RestoreOptions& options) {
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width * task.scale, picture.height * task.scale, picture.channels);
  MANTISSA_TRY(restore(session, task, reader, writer, options, {}));
  return writer.take();
}

}  // namespace mantissa::run
