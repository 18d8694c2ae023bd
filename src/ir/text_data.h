// The data of a tensor in the text form: {1, 2.5, nan}, or {hex 00ff} where numbers would lose bits.
#pragma once

#include <string>
#include <vector>

#include "ir/tensor.h"
#include "mantissa/result.h"

namespace mantissa::ir::text {

// With the braces.
[[nodiscard]] std::string data(const Tensor& tensor);
// "{sha256 9f86d081884c7d65}"
[[nodiscard]] std::string checksum(const Tensor& tensor);

// The bytes that numbers stand for in a format. Errors (bad_input): no number, or one beyond the format.
[[nodiscard]] Result<base::Bytes> bytes_of_numbers(base::NumberFormat format, const std::vector<std::string>& words);
[[nodiscard]] Result<base::Bytes> bytes_of_hex(std::string_view digits);

}  // namespace mantissa::ir::text
