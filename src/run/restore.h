// Restores pictures with an open session: colour, range, tiles, and back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "image/codec.h"
#include "image/picture.h"
#include "mantissa/result.h"
#include "mantissa/tile_error.h"
#include "net/network.h"
#include "run/provider.h"
#include "run/safer_variants.h"
#include "run/seams.h"

namespace mantissa::run {

struct RestoreOptions {
  int tile_size = 0;           // the largest side of a tile, in input pixels; 0: chosen (choose_tiles.h)
  std::uint64_t memory = 0;    // bytes that the run may take; 0: most of what the machine has free
  int fast_tile = 0;           // the largest side that a race found fastest, where memory allows; 0: the default
  bool restore_alpha = false;  // by the network, as a grey picture, instead of resampling
  // What the release says of tiles that are faded into each other.
  std::vector<TileError> tile_errors = {};
  // For tiles that come out as no picture: with NaN or infinity, or collapsed (tile_check.h). nullptr: NaN and infinity
  // are errors, and nothing else is looked at.
  SaferVariants* safer = nullptr;
};

struct RestoreStatistics {
  std::int64_t input_pixels = 0;
  int tiles = 0;
  int tiles_repeated = 0;               // in a safer variant
  std::optional<Agreement> agreement;   // of neighbouring tiles, where a network that sees the whole picture was cut
  std::optional<TileError> tile_error;  // and what the release says of such tiles
  double engine_seconds = 0;            // inside the session
  double seconds = 0;                   // in all, reading and writing included
};

// What the network gets for a grey or RGB picture, in 0..1, not yet in the network's range: luminance of RGB for a
// luminance network, three equal channels of grey for an RGB one.
[[nodiscard]] image::Picture to_network_colours(const image::Picture& picture, const net::Task& task);

// A whole picture that fits in memory, untiled or in tiles; grey or RGB in 0..1 in and out, neither clipped nor
// rounded.
[[nodiscard]] Result<image::Picture> restore(Session& session, const net::Task& task, const image::Picture& picture,
                                             const RestoreOptions& options = {});

// From a reader to a writer, row of tiles by row of tiles. Memory is bounded by two rows of tiles on both sides, in the
// numbers of the files: the next rows are decoded while the engine works, and the last ones encoded. Alpha is resampled
// bicubically unless asked otherwise, and so is the chroma of an RGB picture for a luminance network; what an RGB
// network makes of a grey picture is averaged.
[[nodiscard]] Result<RestoreStatistics> restore(Session& session, const net::Task& task, image::PictureReader& reader,
                                                image::PictureWriter& writer, const RestoreOptions& options,
                                                const std::function<void(int done, int tiles)>& progress);

}  // namespace mantissa::run
