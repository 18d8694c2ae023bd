// Bicubic enlargement by a whole factor, a row at a time: where a whole enlarged picture in memory would cost more than
// the arithmetic.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace mantissa::image {

// What resize_bicubic() makes of a plane, to rounding. Holds what one row is made of, so each thread needs its own.
class Enlarger {
 public:
  Enlarger(int width, int factor);

  // Of row `y` of the enlarged plane, what the columns [left, left + count) of `plane` become: count * factor samples.
  // `plane` has whole rows of `width` samples.
  void row(std::span<const float> plane, int y, int left, int count, float* out);

 private:
  // The four rows or columns that one of each `factor` outputs in turn is made of.
  struct Phase {
    int first = 0;  // relative to the input that the output lies in
    std::array<float, 4> weights{};
  };

  // Fills `row_` with the columns [left, right) of row `y`; those beyond the plane are mirrored.
  void between_rows(std::span<const float> plane, int y, int left, int right);

  int width_;
  int factor_;
  std::vector<Phase> phases_;
  std::vector<float> row_;    // enlarged downwards, not yet sidewards; with two more samples at both ends
  std::vector<float> lines_;  // the samples of each phase
};

}  // namespace mantissa::image
