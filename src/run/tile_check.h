// Whether what an engine gives for a tile can be a picture.
#pragma once

#include <span>

#include "net/network.h"
#include "run/tiling.h"

namespace mantissa::run {

// Whether the picture has gone in a channel: in squares of 32x32 input pixels, the means of `input` differ by an eighth of
// the way from black to white or more, and those of `output` (clipped, as users see it) by less than a sixteenth of that. A
// restoration keeps or widens such differences; numbers that leave their format end on one level, all black or all white.
// Squares, because noise that a network removes averages out in them: noise of 75/255 makes them differ by a tenth.
// `input` and `output` are [channels][height][width], in the network's own range; of YCbCr only the first channel counts.
// Every fourth row is looked at.
[[nodiscard]] bool collapsed(std::span<const float> input, std::span<const float> output, const Tile& tile,
                             const net::Task& task);

}  // namespace mantissa::run
