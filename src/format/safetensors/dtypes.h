// The names that safetensors has for number formats.
#pragma once

#include <optional>
#include <string_view>

#include "base/number_format.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Errors (unsupported): elements that it has and weights of networks do not, such as "F8_E4M3", whose scales are kept
// somewhere else; (bad_input): a name that it does not have.
[[nodiscard]] Result<base::NumberFormat> number_format_of_dtype(std::string_view dtype);

// nullopt for formats that it does not have.
[[nodiscard]] std::optional<std::string_view> dtype_of(base::NumberFormat format);

}  // namespace mantissa::format
