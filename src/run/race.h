// A race: every way to run a network takes the same tile in turns, is checked against fp32, and the fastest that is
// right wins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/picture.h"
#include "mantissa/result.h"
#include "run/ways.h"

namespace mantissa::run {

struct Racer {
  Way way;
  int tile_size = 0;  // side of the tiles, in input pixels
  int turns = 0;
  // Of an input pixel whose result is kept: what neighbouring tiles compute twice is counted. Median of the turns.
  double microseconds_per_pixel = 0;
  double psnr = 0;      // in dB against fp32 on the tile, in 8 bits; 99: equal
  std::string refused;  // why it cannot win, a sentence; empty: it could
};

struct RaceOptions {
  int threads = 0;                   // 0: all cores
  std::optional<double> sigma = {};  // the level of noise; none: the middle of what the release was made for
  int tile_size = 0;                 // only this one; 0: the default, and for the winner others too
  double seconds_per_turn = 2;       // a tile that takes longer, by its hint, is made smaller
};

// Fastest first, then those that are refused. Errors: fp32 cannot run here, an interrupt.
[[nodiscard]] Result<std::vector<Racer>> race(const Runnable& runnable, const std::vector<Way>& ways,
                                              const RaceOptions& options);

// The side of a tile over which the way takes at most so long by its hint, or by its multiply-accumulates where it has
// none: at most the default side, and enough for the receptive field.
[[nodiscard]] int affordable_tile(const Runnable& runnable, const Way& way, double seconds);
// Microseconds per input pixel to expect: its hint, or what its multiply-accumulates take at kExpectedMacs.
[[nodiscard]] double expected_speed(const Runnable& runnable, const Way& way);

// Seconds in the session, for one pass over the picture in tiles of that side.
struct Pass {
  image::Picture output;
  double engine_seconds = 0;
};
[[nodiscard]] Result<Pass> time_pass(Session& session, const net::Task& task, const image::Picture& picture,
                                     int tile_size);
// Input pixels of a whole tile whose result is kept between neighbours.
[[nodiscard]] double kept_pixels(const net::Task& task, int tile_size);

// Tells the session the level of noise that is asked for, or the middle of what its release was made for.
void tell_level(Session& session, const net::Task& task, std::optional<double> sigma);

// An Error where a device leaves more than half of the network's nodes to the CPU.
[[nodiscard]] Result<void> check_devices(const Way& way, const Placement& placement);

}  // namespace mantissa::run
