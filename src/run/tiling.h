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
  // The part of it, in picture coordinates, whose result is taken. The keeps cover the picture once, but for what tiles
  // that are faded share.
  image::Rectangle keep;
  int fade_left = 0;  // columns and rows of `keep` that each of its neighbours has too
  int fade_top = 0;
  int fade_right = 0;
  int fade_bottom = 0;
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
// costs little more than its pixels. `tile_size` is the largest side of a tile. A network of global receptive field
// gets the whole picture as one tile where that is no larger; else its tiles are no exact parts of the whole, overlap
// by global_overlap() on each side, and are to be faded into each other (seams.h). Errors (usage): a tile no larger
// than twice the receptive field (says the least size); (bad_input): a picture without pixels.
[[nodiscard]] Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_size);
// The same for tiles that are lower than they are wide, or the other way round.
[[nodiscard]] Result<TilePlan> plan_tiles(int width, int height, const net::Task& task, int tile_width,
                                          int tile_height);

// What stands for the receptive field of a network whose own is the whole picture, in tiles of `tile_size`. Half of it,
// next to the tile's edge, where a network sees least of what is around, is never kept.
[[nodiscard]] int global_overlap(int tile_size);

// A tile size that runs fast and computes little twice: larger for a larger receptive field.
[[nodiscard]] int default_tile_size(const net::Task& task);

}  // namespace mantissa::run
