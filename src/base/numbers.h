// Conversion between float and the narrow number formats, as their standards define it.
//
// Rounding is to nearest, ties to even. Narrow floating formats: IEEE 754-2008 (float16), the OCP 8-bit floating point
// specification 1.0 (float8), and truncated binary32 (bfloat16).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/number_format.h"
#include "mantissa/result.h"

namespace mantissa::base {

// What happens to a finite value, or an infinity, beyond the largest of the narrow format.
enum class Overflow {
  infinity,  // becomes infinity, or NaN where the format has none: what arithmetic in the format does
  saturate   // becomes the largest finite value: what quantization does
};

[[nodiscard]] std::uint16_t float_to_half(float value, Overflow overflow = Overflow::infinity);
[[nodiscard]] float half_to_float(std::uint16_t bits);
[[nodiscard]] std::uint16_t float_to_bfloat16(float value, Overflow overflow = Overflow::infinity);
[[nodiscard]] float bfloat16_to_float(std::uint16_t bits);
[[nodiscard]] std::uint8_t float_to_float8_e4m3fn(float value, Overflow overflow = Overflow::saturate);
[[nodiscard]] float float8_e4m3fn_to_float(std::uint8_t bits);
[[nodiscard]] std::uint8_t float_to_float8_e5m2(float value, Overflow overflow = Overflow::saturate);
[[nodiscard]] float float8_e5m2_to_float(std::uint8_t bits);

// The largest finite value of a floating format (65504 for float16); for float64 that of float.
[[nodiscard]] float largest_of(NumberFormat floating);

// Rounds every value to the nearest that `format` (float16, bfloat16, float8_*) can hold, kept as float. Vectorised
// where the CPU can. float32 changes nothing.
void round_to(NumberFormat format, Overflow overflow, std::span<float> values);

// The values as floats, whatever numeric format `bytes` holds, and back. Integers round to nearest even and saturate,
// NaN becomes 0; `overflow` is for floating formats. `count` elements; to_floats fails (bad_input) for `string` or when
// `bytes` is too short, and from_floats must not be asked for `string`.
[[nodiscard]] Result<std::vector<float>> to_floats(NumberFormat format, const Bytes& bytes, std::size_t count);
[[nodiscard]] Bytes from_floats(NumberFormat format, std::span<const float> values,
                                Overflow overflow = Overflow::saturate);

}  // namespace mantissa::base
