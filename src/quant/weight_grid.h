// The numbers that weights may become, in steps of their scale.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/number_format.h"

namespace mantissa::quant {

struct WeightGrid {
  base::NumberFormat format = base::NumberFormat::int8;  // or a float8
  // The largest magnitude of a stored weight: 127; the format's own for a float8.
  float largest = 127;
  std::size_t block = 0;  // weights of an output channel, as they lie, that share a scale; 0: all
};

// Rounding of binary32 to a grid, without a branch, so that a compiler makes vectors of it.
class GridRounding {
 public:
  explicit GridRounding(const WeightGrid& grid) : lowest_(-grid.largest), largest_(grid.largest) {
    switch (grid.format) {
      case base::NumberFormat::int4:  // one of its sixteen is too many to do without
        lowest_ = -largest_ - 1;
        break;
      case base::NumberFormat::float8_e4m3fn:  // 3 bits behind the point, the smallest normal number is 2^-6
        dropped_bits_ = 20;
        even_ = kToInteger / 512;
        normal_ = 0x1p-6F;
        break;
      case base::NumberFormat::float8_e5m2:  // 2 bits, 2^-14
        dropped_bits_ = 21;
        even_ = kToInteger / 65536;
        normal_ = 0x1p-14F;
        break;
      default:
        break;
    }
  }

  // To the nearest of the grid, ties to even; beyond it, to its end.
  [[nodiscard]] float operator()(float wanted) const {
    const float held = wanted < lowest_ ? lowest_ : wanted > largest_ ? largest_ : wanted;
    const float in_steps = (held + even_) - even_;
    const auto bits = std::bit_cast<std::uint32_t>(held);
    const std::uint32_t below_half = (1U << dropped_bits_ >> 1U) - 1U;
    const std::uint32_t rounded = bits + below_half + (bits >> dropped_bits_ & 1U);
    const auto in_bits = std::bit_cast<float>(rounded >> dropped_bits_ << dropped_bits_);
    return (held < 0 ? -held : held) < normal_ ? in_steps : in_bits;
  }

 private:
  // 1.5 * 2^23: adding and taking it away rounds to integers on every processor.
  static constexpr float kToInteger = 12582912.0F;
  float lowest_;
  float largest_;
  float even_ = kToInteger;          // times a step
  float normal_ = 3.4e38F;           // below, steps are equal
  std::uint32_t dropped_bits_ = 20;  // of the mantissa, from there on
};

}  // namespace mantissa::quant
