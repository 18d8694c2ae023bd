// Cuts a picture into tiles of one size whose results fit together without seams.
#pragma once

#include <optional>
#include <vector>

#include "image/picture.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::run {

struct Tile {
  image::Rectangle input;  // what the network gets
  image::Rectangle
      keep;  // the part of it, in picture coordinates, whose result is taken; the keeps cover the picture once
};

struct TilePlan {
  int tile_width = 0;  // every tile has this size
  int tile_height = 0;
  int padded_width =
      0;  // the picture's size once it is a multiple of the network's size multiple (reflected right and bottom, cropped off after)
  int padded_height = 0;
  std::vector<Tile> tiles;  // row by row
};

// Origins lie on the network's stride; neighbours overlap by the receptive field on each side. There are as few tiles
// as `tile_size` allows, and they are as small as that number allows, so that a picture a little larger than a tile
// costs little more than its pixels. A network of global receptive field gets one tile. `tile_size` is the largest side
// of a tile. Errors (usage): a tile no larger than twice the receptive field (says the least size); (bad_input): a
// picture without pixels.
[[nodiscard]] Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_size);

// A tile size that runs fast and computes little twice: larger for a larger receptive field.
[[nodiscard]] int default_tile_size(const net::Task& task);

}  // namespace mantissa::run
