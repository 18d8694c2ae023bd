#include "run/choose_tiles.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/memory.h"
#include "base/progress.h"

namespace mantissa::run {
namespace {

// Measured on ten networks (docs/decisions/0036): engines take 0.9 to 2.2 times what the values of the graph do.
constexpr double kEngines = 2.3;
// Of what is free: others want some, and an estimate is one.
constexpr double kShare = 0.8;
constexpr double kFixed = 200e6;  // the program, its engine, a network's weights

// What there is for tiles, in bytes; infinity where the system does not say.
double room_for(const image::PictureInfo& picture, const net::Task& task, std::uint64_t memory, int tile_height) {
  double room = static_cast<double>(memory);
  if (memory == 0) {
    const auto available = base::available_memory();
    if (!available) return INFINITY;
    room = kShare * static_cast<double>(*available);
  }
  // Rows of tiles, going in and coming out, and twice as bytes on their way to the encoder.
  const double planes = picture.channels + (picture.has_alpha ? 1 : 0);
  const double in = planes * sizeof(float), out = planes * task.scale * task.scale * (sizeof(float) + 2);
  return room - kFixed - (in + out) * picture.width * tile_height;
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

// The largest side of a tile that fits into memory, up to `wanted`, by halves of an eighth.
int fitting(const image::PictureInfo& picture, const net::Task& task, const TileWish& wish, int wanted) {
  int side = wanted;
  const int least = least_tile(task);
  while (side > least) {
    const int height = std::min(side, picture.height), width = std::min(side, picture.width);
    const double pixels = static_cast<double>(width) * height;
    if (memory_for_tile(task, pixels) <= room_for(picture, task, wish.memory, height)) return side;
    side = std::max(side - std::max(side / 16, 1), least);
  }
  const double smallest = memory_for_tile(task, static_cast<double>(least) * least);
  return smallest <= room_for(picture, task, wish.memory, std::min(least, picture.height)) ? least : 0;
}

}  // namespace

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
  const int side = fitting(picture, task, wish, wanted);
  if (side == 0) return too_little(picture, task, least_tile(task));
  if (side < wanted && !task.radius)
    base::warn("the network sees the whole picture, which would need about " +
               gigabytes(memory_for_tile(task, static_cast<double>(picture.width) * picture.height)) +
               " of memory: it is cut into tiles of " + std::to_string(side) + " that are faded into each other");
  return plan_tiles(picture.width, picture.height, task, side);
}

}  // namespace mantissa::run
