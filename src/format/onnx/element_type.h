// ONNX's numbers for element types (TensorProto.DataType) and ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/number_format.h"

namespace mantissa::format {

// nullopt for those that the IR does not have: complex numbers, the "fnuz" kinds of float8, 2- and 6-bit formats.
[[nodiscard]] std::optional<base::NumberFormat> format_of(std::int32_t data_type);
[[nodiscard]] std::int32_t data_type_of(base::NumberFormat format);
// "COMPLEX64"; "65" for a number that ONNX does not define.
[[nodiscard]] std::string data_type_name(std::int32_t data_type);

}  // namespace mantissa::format
