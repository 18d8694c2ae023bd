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
  image::Rectangle keep;   // the part of it, in picture coordinates, whose result is taken; the keeps cover the picture once
};

struct TilePlan {
  int tile_width = 0;   // every tile has this size
  int tile_height = 0;
  int padded_width = 0;   // the picture's size once it is a multiple of the network's size multiple (reflected right and bottom, cropped off after)
  int padded_height = 0;
  std::vector<Tile> tiles;  // row by row
};

// Origins lie on the network's stride; neighbours overlap by the receptive field on each side; the last tile of a row or column is moved inward.
// A network of global receptive field gets one tile. `tile_size` is the largest side of a tile.
// Errors (usage): a tile no larger than twice the receptive field (says the least size); (bad_input): a picture smaller than the network takes.
[[nodiscard]] Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_size);

}  // namespace mantissa::run
