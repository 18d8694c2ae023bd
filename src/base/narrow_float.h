// A narrow floating format as a type, with the three things that are done to one number: encode, decode, round.
// The public functions of numbers.h are these, instantiated.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/numbers.h"

namespace mantissa::base {

// Sign, exponent and mantissa from the highest bit down, with IEEE's bias. `has_infinity` is false for the finite
// ("fn") formats, where the highest exponent holds numbers too and only the pattern with all bits set is NaN.
template <int exponent_bits, int mantissa_bits, bool has_infinity>
struct NarrowFloat {
  static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  static constexpr std::uint32_t sign_bit = 1U << (exponent_bits + mantissa_bits);
  static constexpr std::uint32_t highest_exponent = ((1U << exponent_bits) - 1) << mantissa_bits;
  // What a magnitude that is too large becomes: infinity, or NaN where there is none. The number below it is the
  // largest.
  static constexpr std::uint32_t beyond = has_infinity ? highest_exponent : sign_bit - 1;
  static constexpr std::uint32_t largest = beyond - 1;
  static constexpr std::uint32_t quiet_nan = has_infinity ? highest_exponent | 1U << (mantissa_bits - 1) : sign_bit - 1;

  // binary32, and how the format lies in it.
  static constexpr std::uint32_t float_infinity = 0x7F800000;
  static constexpr std::uint32_t float_quiet_nan = 0x7FC00000;
  static constexpr std::uint32_t float_mantissa = 0x007FFFFF;
  static constexpr int dropped_bits = 23 - mantissa_bits;
  static constexpr std::uint32_t rebias = static_cast<std::uint32_t>(127 - bias) << 23;
  // bfloat16 has the exponents of binary32, so that its subnormal numbers need no care.
  static constexpr bool same_exponents = bias == 127;
  static constexpr std::uint32_t smallest_normal = same_exponents ? 0 : static_cast<std::uint32_t>(128 - bias) << 23;

  // NaN stays NaN, quiet, with the upper bits of its payload: as F16C converts, so that both paths agree.
  static constexpr std::uint32_t encode(float value, Overflow overflow) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 31) * sign_bit;
    const std::uint32_t magnitude = bits & ~0x80000000U;
    if (magnitude > float_infinity)
      return sign | quiet_nan | (has_infinity ? (magnitude & float_mantissa) >> dropped_bits : 0);

    // A mantissa that rounds up to 2 carries into the exponent, which is right.
    const std::uint32_t code =
        magnitude >= smallest_normal ? shift_and_round(magnitude - rebias, dropped_bits) : encode_subnormal(magnitude);
    if (code < beyond) return sign | code;
    return sign | (overflow == Overflow::saturate ? largest : beyond);
  }

  static constexpr float decode(std::uint32_t code) {
    const std::uint32_t sign = (code & sign_bit) << (31 - exponent_bits - mantissa_bits);
    const std::uint32_t magnitude = code & (sign_bit - 1);
    if (magnitude >= beyond) return std::bit_cast<float>(sign | decode_beyond(magnitude));
    if constexpr (!same_exponents) {
      if (magnitude < (1U << mantissa_bits)) {
        return std::bit_cast<float>(sign |
                                    std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * smallest_subnormal()));
      }
    }
    return std::bit_cast<float>(sign | ((magnitude << dropped_bits) + rebias));
  }

  // decode(encode(value)) without a branch, so that compilers vectorise a loop over it. Relies on floating-point
  // additions that round to nearest and are not reordered.
  template <Overflow overflow>
  static constexpr float round(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & ~0x80000000U;
    constexpr std::uint32_t kept = ~0U << dropped_bits;
    constexpr std::uint32_t below_half = (1U << (dropped_bits - 1)) - 1;

    std::uint32_t rounded = (magnitude + below_half + ((magnitude >> dropped_bits) & 1)) & kept;
    if constexpr (!same_exponents) {
      // Beside 2^23 subnormal steps a float has no room for parts of a step: the addition rounds them away.
      constexpr float steps = smallest_subnormal() * 0x1p23F;
      const float subnormal = (std::bit_cast<float>(magnitude) + steps) - steps;
      rounded = choose(magnitude < smallest_normal, std::bit_cast<std::uint32_t>(subnormal), rounded);
    }
    constexpr auto largest_float = std::bit_cast<std::uint32_t>(decode(largest));
    constexpr auto beyond_float = std::bit_cast<std::uint32_t>(decode(beyond));
    rounded = choose(rounded > largest_float, overflow == Overflow::saturate ? largest_float : beyond_float, rounded);
    rounded = choose(magnitude > float_infinity, float_quiet_nan | (has_infinity ? magnitude & kept : 0), rounded);
    return std::bit_cast<float>((bits & 0x80000000U) | rounded);
  }

 private:
  // condition ? yes : no with a mask. From the operator GCC makes branches around the additions, and vectorises
  // nothing.
  static constexpr std::uint32_t choose(bool condition, std::uint32_t yes, std::uint32_t no) {
    const std::uint32_t mask = 0U - static_cast<std::uint32_t>(condition);
    return (yes & mask) | (no & ~mask);
  }

  // 2^(1 - bias - mantissa_bits)
  static constexpr float smallest_subnormal() {
    return std::bit_cast<float>(static_cast<std::uint32_t>(128 - bias - mantissa_bits) << 23);
  }

  // value / 2^shift, to nearest, ties to even
  static constexpr std::uint32_t shift_and_round(std::uint32_t value, int shift) {
    return (value + ((1U << (shift - 1)) - 1) + ((value >> shift) & 1)) >> shift;
  }

  static constexpr std::uint32_t encode_subnormal(std::uint32_t magnitude) {
    const int exponent = static_cast<int>(magnitude >> 23);
    const std::uint32_t significand = (magnitude & float_mantissa) | 0x00800000;
    // From 25 on the 24 bits of the significand are less than a half. Subnormal floats, which lack the implicit one,
    // are far below.
    return shift_and_round(significand, std::min(dropped_bits + 128 - bias - exponent, 25));
  }

  static constexpr std::uint32_t decode_beyond(std::uint32_t magnitude) {
    if (!has_infinity) return float_quiet_nan;
    if (magnitude == beyond) return float_infinity;
    return float_quiet_nan | (magnitude << dropped_bits & float_mantissa);
  }
};

using Half = NarrowFloat<5, 10, true>;
using Bfloat16 = NarrowFloat<8, 7, true>;
using Float8E4M3fn = NarrowFloat<4, 3, false>;
using Float8E5M2 = NarrowFloat<5, 2, true>;

}  // namespace mantissa::base
