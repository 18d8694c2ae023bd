// The 16-bit floats, and how ONNX's Cast names them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/number_format.h"

namespace mantissa::pass {

[[nodiscard]] inline bool is_half(std::optional<base::NumberFormat> format) {
  return format == base::NumberFormat::float16 || format == base::NumberFormat::bfloat16;
}

// ONNX TensorProto.DataType, for the attribute `to`; of a format that is neither float16 nor bfloat16, float32.
[[nodiscard]] constexpr std::int64_t cast_type(base::NumberFormat format) {
  switch (format) {
    case base::NumberFormat::float16:
      return 10;
    case base::NumberFormat::bfloat16:
      return 16;
    default:
      return 1;
  }
}

}  // namespace mantissa::pass
