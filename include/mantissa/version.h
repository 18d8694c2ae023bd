#pragma once

#include <string_view>

namespace mantissa {

// "0.1.0", of the library that is loaded.
[[nodiscard]] std::string_view version();

}  // namespace mantissa
