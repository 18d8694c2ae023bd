// Restores pictures with an open session: colour, range, tiles, and back.
#pragma once

#include <functional>

#include "image/codec.h"
#include "image/picture.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "run/provider.h"

namespace mantissa::run {

struct RestoreOptions {
  int tile_size = 0;  // the largest side of a tile, in input pixels; 0: default_tile_size()
};

struct RestoreStatistics {
  std::int64_t input_pixels = 0;
  int tiles = 0;
  double engine_seconds = 0;  // inside the session
  double seconds = 0;         // in all, reading and writing included
};

// What the network gets for a grey or RGB picture, in 0..1, not yet in the network's range: luminance of RGB for a
// luminance network, three equal channels of grey for an RGB one.
[[nodiscard]] image::Picture to_network_colours(const image::Picture& picture, const net::Task& task);

// A whole picture that fits in memory, untiled or in tiles; grey or RGB in 0..1 in and out, neither clipped nor
// rounded.
[[nodiscard]] Result<image::Picture> restore(Session& session, const net::Task& task, const image::Picture& picture,
                                             const RestoreOptions& options = {});

// From a reader to a writer, row of tiles by row of tiles: memory is bounded by a row of tiles. Alpha is resampled
// bicubically, and so is the chroma of an RGB picture for a luminance network; what an RGB network makes of a grey
// picture is averaged.
[[nodiscard]] Result<RestoreStatistics> restore(Session& session, const net::Task& task, image::PictureReader& reader,
                                                image::PictureWriter& writer, const RestoreOptions& options,
                                                const std::function<void(int done, int tiles)>& progress);

}  // namespace mantissa::run
