// Tiles of a network that sees the whole picture never fit together exactly: neighbours are faded into each other, and
// what they disagree about is measured on the way.
#pragma once

#include <cstdint>
#include <vector>

#include "image/picture.h"
#include "run/tiling.h"

namespace mantissa::run {

// How far two tiles agree where both have pixels, over a whole picture. Samples in 0..1, clipped as users see them.
struct Agreement {
  std::int64_t samples = 0;
  double squares = 0;                 // of differences, summed
  double worst_squares = 0;           // the mean of the squares at the worst seam
  [[nodiscard]] double psnr() const;  // in dB; 99 for equal tiles
  [[nodiscard]] double worst_psnr() const;
};

// Works on `rows`, which a row of tiles is written to from left to right, each over the faded columns of its neighbour.
// Does nothing, and costs nothing, for tiles without fading.
class Seams {
 public:
  explicit Seams(int scale) : scale_(scale) {}

  // Before a tile is placed, and behind it.
  void keep_left(const image::Picture& rows, const Tile& tile);
  void fade_left(image::Picture& rows, const Tile& tile);
  // When a row of tiles is complete: fades its top rows into those that the row above has kept.
  void fade_top(image::Picture& rows, int fade);
  // Its last `fade` input rows wait for the row below: they are kept, and no longer part of `rows`.
  void keep_bottom(image::Picture& rows, int fade);

  [[nodiscard]] const Agreement& agreement() const { return agreement_; }

 private:
  void count(double squares, std::int64_t samples);

  int scale_;
  image::Picture left_;
  image::Picture above_;
  Agreement agreement_;
};

}  // namespace mantissa::run
