// The number formats of tensors and variants: one list for the whole project.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mantissa::base {

enum class NumberFormat : std::uint8_t {
  float32,
  float16,        // IEEE 754 binary16
  bfloat16,       // the upper half of a binary32
  float8_e4m3fn,  // OCP 8-bit floating point, finite: largest 448, NaN 0x7F/0xFF, no infinity
  float8_e5m2,    // OCP 8-bit floating point with infinity: largest 57344
  float64,
  int4,  // two to a byte, the first in the low nibble (ONNX)
  uint4,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
  boolean,  // one byte, 0 or 1
  string,   // only as the type of a value, never of a tensor that we hold
};

// Bits of one element; 0 for `string`.
[[nodiscard]] int bits_of(NumberFormat format);
// Bytes that `count` elements take, packed (two int4 to a byte, rounded up). The largest std::size_t where that is too
// small, so that a comparison with what a file has fails as it should.
[[nodiscard]] std::size_t bytes_of(NumberFormat format, std::size_t count);
[[nodiscard]] bool is_floating(NumberFormat format);
// Whether real numbers are held in it only with a scale: integers and float8.
[[nodiscard]] bool needs_scale(NumberFormat format);
// "float32", "float8_e4m3fn", ...
[[nodiscard]] std::string_view name_of(NumberFormat format);
[[nodiscard]] std::optional<NumberFormat> number_format_named(std::string_view name);

}  // namespace mantissa::base
