#include "run/choose_tiles.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/memory.h"
#include "run/network_colours.h"

namespace mantissa::run {
namespace {

// Measured on ten networks (docs/decisions/0036): engines take 0.9 to 2.2 times what the values of the graph do.
constexpr double kEngines = 2.3;
// Of what is free: others want some, and an estimate is one.
constexpr double kShare = 0.8;
constexpr double kFixed = 200e6;  // the program, its engine, a network's weights

// Infinity where the system does not say.
double bytes_allowed(std::uint64_t memory) {
  if (memory != 0) return static_cast<double>(memory);
  const auto available = base::available_memory();
  return available ? kShare * static_cast<double>(*available) : INFINITY;
}

// Rows of tiles over the whole width: one is read ahead while another is worked on, and one is put together while
// another is encoded. Where a picture is so wide that they take much, tiles are lower and, as the engine's time and
// memory go with their area, wider. But overlap is computed twice, and a low tile has more of it: beyond what is free,
// a twentieth of the engine's time is given for 100 MB. Memory then hardly grows with pictures of scale 1.
constexpr double kFreeBytes = 48e6;
constexpr double kBytesWorthTheTime = 2e9;
constexpr int kLeastHeight = 16;  // rows that a decoder gives at a time

// The largest that a tile may be; a picture that is smaller makes it smaller.
struct Size {
  int width = 0;
  int height = 0;
};

double bytes_of_row(const image::PictureInfo& picture, const net::Task& task) {
  const double samples = static_cast<double>(picture.width) * (picture.channels + (picture.has_alpha ? 1 : 0));
  return 2 * samples * picture.bits / 8 * (1.0 + task.scale * task.scale);
}

// Of what the engine computes for a tile, the share that is not computed for its neighbours too.
double kept_share(Size tile, int radius) { return (1 - 2.0 * radius / tile.width) * (1 - 2.0 * radius / tile.height); }

// As many pixels as a square of this side.
Size tile_of(const image::PictureInfo& picture, const net::Task& task, int side) {
  const Size square{side, side};
  if (!task.radius || picture.width <= side) return square;
  const double bytes = bytes_of_row(picture, task);
  const auto cost = [&](Size tile) {
    const double beyond = std::max(bytes * std::min(tile.height, picture.height) - kFreeBytes, 0.0);
    return 1 / kept_share(tile, *task.radius) + beyond / kBytesWorthTheTime;
  };
  const int least = std::max(2 * *task.radius + 2 * std::max(task.stride, task.size_multiple), kLeastHeight);
  Size best = square;
  for (int height = side - 1; height >= least; --height) {
    const Size lower{static_cast<int>(std::int64_t{side} * side / height), height};
    if (cost(lower) < cost(best)) best = lower;
  }
  return best;
}

// What there is for tiles, in bytes.
double room_for(const image::PictureInfo& picture, const net::Task& task, std::uint64_t memory, int tile_height) {
  return bytes_allowed(memory) - kFixed - bytes_of_row(picture, task) * tile_height;
}

std::string gigabytes(double bytes) {
  const auto tenths = static_cast<long long>(std::ceil(std::max(bytes, 0.0) / 1e8));
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

Error too_little(const image::PictureInfo& picture, const net::Task& task, int least) {
  const double bytes =
      kFixed + memory_for_tile(task, static_cast<double>(least) * least) - room_for(picture, task, 1, least) - kFixed;
  return unsupported("there is not enough memory for this network on a picture " + std::to_string(picture.width) +
                         " pixels wide, which needs about " + gigabytes(bytes) + " even in tiles of " +
                         std::to_string(least),
                     "Allow more with --memory, or use another machine");
}

// The smallest tiles that are worth it.
int least_tile(const net::Task& task) {
  const int radius = task.radius.value_or(0);
  return std::max(2 * radius + 2 * std::max(task.stride, task.size_multiple), 64);
}

// The largest tiles that fit into memory, up to those of the side `wanted`, by halves of an eighth; none: too little.
Size fitting(const image::PictureInfo& picture, const net::Task& task, const TileWish& wish, int wanted) {
  const int least = least_tile(task);
  for (int side = std::max(wanted, least);; side = std::max(side - std::max(side / 16, 1), least)) {
    const Size tile = tile_of(picture, task, side);
    const int width = std::min(tile.width, picture.width), height = std::min(tile.height, picture.height);
    const double pixels = static_cast<double>(width) * height;
    if (memory_for_tile(task, pixels) <= room_for(picture, task, wish.memory, height)) return tile;
    if (side == least) return {};
  }
}

}  // namespace

std::string memory_for_whole(const net::Task& task, const image::PictureInfo& picture) {
  return gigabytes(memory_for_tile(task, static_cast<double>(picture.width) * picture.height));
}

double memory_for_tile(const net::Task& task, double pixels) {
  if (task.bytes_per_pixel <= 0) return 0;
  // The tensors that the engine reads and writes are in the estimate.
  return kEngines * task.bytes_per_pixel * pixels;
}

Result<TilePlan> choose_tiles(const image::PictureInfo& picture, const net::Task& task, const TileWish& wish) {
  if (wish.tile_size > 0) return plan_tiles(picture.width, picture.height, task, wish.tile_size);
  const int multiple = std::max(task.size_multiple, 1);
  const int whole = (std::max(picture.width, picture.height) + multiple - 1) / multiple * multiple;
  const int fast = wish.fast_tile > 0 ? wish.fast_tile : default_tile_size(task);
  const int wanted = task.radius ? fast : whole;
  const Size tile = fitting(picture, task, wish, wanted);
  if (tile.width == 0) return too_little(picture, task, least_tile(task));
  return plan_tiles(picture.width, picture.height, task, tile.width, tile.height);
}

Result<std::optional<TilePlan>> choose_tiles(const image::PictureInfo& picture, const TwoParts& parts,
                                             const TileWish& wish) {
  const double pixels = static_cast<double>(picture.width) * picture.height;
  const double channels = net::channels_of(parts.task.colour);
  const double beside = (keeps_chroma(picture, parts.task) ? 2 : 0) + (picture.has_alpha ? 1 : 0);
  // While the branch sees it, the picture in the colours of the file and of the network, and as a tensor.
  const double floats = picture.channels + (picture.has_alpha ? 1 : 0) + channels + beside + channels;
  const double branch = (floats * sizeof(float) + kEngines * parts.branch_bytes_per_pixel) * pixels;
  if (kFixed + branch > bytes_allowed(wish.memory)) return std::optional<TilePlan>();
  auto plan = choose_tiles(picture, parts.task, wish);
  if (!plan.ok() && plan.error().code == ErrorCode::unsupported) return std::optional<TilePlan>();
  MANTISSA_TRY(plan);
  return std::optional(*std::move(plan));
}

}  // namespace mantissa::run
