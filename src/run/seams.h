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

// Takes what the tiles give one after another, row by row and from left to right. Does nothing, and costs nothing, for
// tiles without fading.
class Seams {
 public:
  Seams(int scale, int output_width) : scale_(scale), output_width_(output_width) {}

  // Fades `part`, the tile's `keep` at the size of the output, into what the neighbours on the left and above have
  // there, and keeps what those on the right and below are to be faded into: these last `fade_right` columns and
  // `fade_bottom` rows of it are not final.
  void fade(image::Picture& part, const Tile& tile);

  [[nodiscard]] const Agreement& agreement() const { return agreement_; }

 private:
  void fade_left(image::Picture& part, int columns);
  void fade_top(image::Picture& part, int left, int columns, int rows);
  void keep_bottom(const image::Picture& part, int left, int columns, int rows);
  void count(double squares, std::int64_t samples);

  int scale_;
  int output_width_;
  image::Picture left_;
  image::Picture above_;
  image::Picture next_above_;  // full width, as `above_`: what the row of tiles below is to be faded into
  Agreement agreement_;
};

}  // namespace mantissa::run
