// What tiles that are faded into each other cost a network that sees the whole picture, on the release's own pictures.
#pragma once

#include <vector>

#include "format/manifest.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "release/picture_set.h"

namespace mantissa::release {

// Of fp32, for tiles of 64 to 512 pixels, on at most five pictures each that are large enough to be cut: a picture in
// tiles against the same picture whole, in 8 bits. Empty for a network of finite receptive field and for one that runs in two
// parts (net/global_branch.h), whose tiles equal the whole, and where no picture is large enough. `network`: with
// formats and shapes.
[[nodiscard]] Result<std::vector<TileError>> measure_tile_errors(const net::Network& network,
                                                                 const PictureSet& pictures);

}  // namespace mantissa::release
