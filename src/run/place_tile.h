// The way back from the network's numbers to those of a file, in one pass over memory: range, colours, chroma, alpha.
#pragma once

#include <functional>
#include <span>

#include "image/codec.h"
#include "net/network.h"
#include "run/tiling.h"
#include "run/window.h"

namespace mantissa::run {

// Takes a finished line of a tile's kept part at the size of the output: row 0 is its first. Called from several
// threads.
using LineSink = std::function<void(int y, image::PictureWriter::Lines lines)>;

// What the engine gives for a tile, [channels][height][width], as lines of the file, with alpha. `window` stands where
// the tile was cut from. False for NaN or infinity.
[[nodiscard]] bool place_tile(std::span<const float> tensor, const Tile& tile, const Window& window,
                              const image::PictureInfo& info, const net::Task& task, const LineSink& sink);

// What the engine makes of alpha as a grey picture (Window::fill_with_alpha), into the last channel of `part`: the
// tile's kept part at the size of the output.
[[nodiscard]] bool place_alpha(std::span<const float> tensor, const Tile& tile, const net::Task& task,
                               image::Picture& part);

}  // namespace mantissa::run
