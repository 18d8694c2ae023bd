#include "run/restore.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/interrupt.h"
#include "base/threads.h"
#include "image/resize.h"
#include "run/memory_picture.h"
#include "run/network_colours.h"
#include "run/strip.h"
#include "run/tiling.h"

namespace mantissa::run {

using image::Picture;
using image::Rectangle;

namespace {

constexpr std::uint32_t kExponent = 0x7F800000;  // of a float; all ones: NaN or infinity

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

// The kept part of a tile's result goes to its place in `rows`, which begin at the tile's first kept row. False for NaN or infinity.
bool place(std::span<const float> tensor, const Tile& tile, const net::Task& task, Picture& rows) {
  const int scale = task.scale;
  const int width = tile.input.width * scale;
  const int height = tile.input.height * scale;
  const int left = (tile.keep.x - tile.input.x) * scale;
  const int top = (tile.keep.y - tile.input.y) * scale;
  const int kept = tile.keep.width * scale;
  const float low = task.range_low;
  const float factor = 1.0F / (task.range_high - task.range_low);
  std::atomic<bool> finite = true;
  const auto lines = static_cast<std::size_t>(rows.channels) * rows.height;
  base::parallel_for(lines, 64, [&](std::size_t first, std::size_t last) {
    for (std::size_t line = first; line < last; ++line) {
      const auto channel = line / rows.height;
      const auto y = line % rows.height;
      const float* in = tensor.data() + (channel * height + top + y) * width + left;
      float* out = rows.row(static_cast<int>(channel), static_cast<int>(y)).data() + tile.keep.x * scale;
      std::uint32_t bad = 0;
      for (int x = 0; x < kept; ++x) {
        out[x] = (in[x] - low) * factor;
        bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(in[x]) & kExponent) == kExponent);
      }
      if (bad != 0) finite = false;
    }
  });
  return finite;
}

// Rows of the picture at the size of the output, for what belongs to [keep, keep + count). `rows` begin at row `first_row`.
Picture resampled(const Picture& rows, int first_row, int keep, int count, int scale) {
  if (scale == 1) return image::crop(rows, {0, keep - first_row, rows.width, count});
  const int from = std::max(keep - kResamplingContext, first_row);
  const int to = std::min(keep + count + kResamplingContext, first_row + rows.height);
  const Picture around = image::crop(rows, {0, from - first_row, rows.width, to - from});
  const Picture larger = image::resize_bicubic(around, around.width * scale, around.height * scale);
  return image::crop(larger, {0, (keep - from) * scale, larger.width, count * scale});
}

class Restoration {
 public:
  Restoration(Session& session, const net::Task& task, image::PictureReader& reader, TilePlan plan)
      : session_(session), task_(task), info_(reader.info()), plan_(std::move(plan)), strip_(reader, task) {
    const auto pixels = static_cast<std::size_t>(plan_.tile_width) * plan_.tile_height;
    const auto channels = static_cast<std::size_t>(net::channels_of(task.colour));
    input_.resize(channels * pixels);
    output_.resize(input_.size() * task.scale * task.scale);
  }

  Result<RestoreStatistics> run(image::PictureWriter& writer, const std::function<void(int, int)>& progress);

 private:
  Result<void> run_tile(const Tile& tile, Picture& rows);
  [[nodiscard]] Picture finished(const Picture& network_rows, const Tile& tile) const;

  Session& session_;
  const net::Task& task_;
  const image::PictureInfo& info_;
  TilePlan plan_;
  Strip strip_;
  std::vector<float> input_;
  std::vector<float> output_;
  RestoreStatistics statistics_;
};

Result<void> Restoration::run_tile(const Tile& tile, Picture& rows) {
  MANTISSA_TRY(base::check_interrupt());
  strip_.fill(input_, tile.input);
  const std::int64_t channels = net::channels_of(task_.colour);
  const std::int64_t height = tile.input.height;
  const std::int64_t width = tile.input.width;
  const auto start = Clock::now();
  MANTISSA_TRY(session_.run({{1, channels, height, width}, input_.data()},
                            {{1, channels, height * task_.scale, width * task_.scale}, output_.data()}));
  statistics_.engine_seconds += seconds_since(start);
  if (!place(output_, tile, task_, rows))
    return unsupported("the network gives NaN or infinity at column " + std::to_string(tile.keep.x) + ", row " +
                           std::to_string(tile.keep.y),
                       "Its numbers leave the range of their format; use another variant");
  return {};
}

// Rows as the file holds them: its own colours, and alpha where it has that.
Picture Restoration::finished(const Picture& network_rows, const Tile& tile) const {
  const bool needs_chroma = task_.colour == net::Colour::luminance && info_.channels == 3;
  const auto at_output_size = [&](const Picture& rows) {
    return resampled(rows, strip_.begin(), tile.keep.y, tile.keep.height, task_.scale);
  };
  Picture result;
  if (needs_chroma) {
    const Picture chroma = chroma_of(image::select_channels(strip_.rows(), 0, info_.channels));
    result = join_luminance(network_rows, at_output_size(chroma));
  } else {
    Picture input;  // of which nothing but the number of channels is needed
    input.channels = info_.channels;
    result = from_network_colours(network_rows, input, task_);
  }
  if (info_.has_alpha) {
    const Picture alpha = at_output_size(image::select_channels(strip_.rows(), info_.channels, 1));
    result.samples.insert(result.samples.end(), alpha.samples.begin(), alpha.samples.end());
    ++result.channels;
  }
  return result;
}

Result<RestoreStatistics> Restoration::run(image::PictureWriter& writer,
                                           const std::function<void(int, int)>& progress) {
  const auto start = Clock::now();
  const int tiles = static_cast<int>(plan_.tiles.size());
  const bool own_colours = has_colours_of(info_, task_);
  Picture rows;  // what the network gives for a row of tiles
  for (auto tile = plan_.tiles.begin(); tile != plan_.tiles.end();) {
    const Tile& first = *tile;  // of a row
    const Rows needed = rows_needed(first, info_.height);
    MANTISSA_TRY(strip_.move_to(needed.begin, needed.end));
    if (rows.height != first.keep.height * task_.scale)  // else every sample is written anew
      rows = Picture(info_.width * task_.scale, first.keep.height * task_.scale, net::channels_of(task_.colour));
    for (; tile != plan_.tiles.end() && tile->keep.y == first.keep.y; ++tile) {
      MANTISSA_TRY(run_tile(*tile, rows));
      ++statistics_.tiles;
      if (progress) progress(statistics_.tiles, tiles);
    }
    if (own_colours)
      MANTISSA_TRY(writer.write_rows(rows));
    else
      MANTISSA_TRY(writer.write_rows(finished(rows, first)));
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
