// How large the tiles of a picture are: as fast as may be, and no larger than memory allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "image/codec.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "run/provider.h"
#include "run/tiling.h"

namespace mantissa::run {

struct TileWish {
  int tile_size = 0;         // the largest side that the user wants; 0: chosen
  int fast_tile = 0;         // the largest side that a race found fastest; 0: default_tile_size()
  std::uint64_t memory = 0;  // bytes that the run may take; 0: most of what the machine has free
};

// What a run takes beside rows of the picture, in bytes, when its tiles have `pixels`: estimated from the graph
// (net/geometry.h), for the worst of the engines. 0 where the network does not tell.
[[nodiscard]] double memory_for_tile(const net::Task& task, double pixels);

// What a run needs for the whole picture as one tile, as users read it: "3.2 GB".
[[nodiscard]] std::string memory_for_whole(const net::Task& task, const image::PictureInfo& picture);

// A network that sees the whole picture gets it as one tile, as long as that fits into memory and no tile size is
// wished for. Errors: those of plan_tiles(); (unsupported): not even the smallest tiles fit into `memory`.
[[nodiscard]] Result<TilePlan> choose_tiles(const image::PictureInfo& picture, const net::Task& task,
                                            const TileWish& wish);

// The tiles of a network in two parts, whose branch sees the whole picture first. nullopt: that does not fit into memory.
// Errors: those of plan_tiles().
[[nodiscard]] Result<std::optional<TilePlan>> choose_tiles(const image::PictureInfo& picture, const TwoParts& parts,
                                                           const TileWish& wish);

}  // namespace mantissa::run
