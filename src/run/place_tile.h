// The way back from the network's numbers to those of a file, in one pass over memory: range, colours, chroma, alpha.
#pragma once

#include <span>

#include "image/codec.h"
#include "image/picture.h"
#include "net/network.h"
#include "run/strip.h"
#include "run/tiling.h"

namespace mantissa::run {

// What the engine gives for a tile, [channels][height][width], goes to its place in `rows`: those of the file that the
// tile's row is kept for, at the size of the output, with alpha. `strip` stands where the tile was cut from. False for
// NaN or infinity.
[[nodiscard]] bool place_tile(std::span<const float> tensor, const Tile& tile, const Strip& strip,
                              const image::PictureInfo& info, const net::Task& task, image::Picture& rows);

// The same for what the engine makes of alpha as a grey picture (Strip::fill_with_alpha), into the last channel of `rows`.
[[nodiscard]] bool place_alpha(std::span<const float> tensor, const Tile& tile, const net::Task& task,
                               image::Picture& rows);

}  // namespace mantissa::run
