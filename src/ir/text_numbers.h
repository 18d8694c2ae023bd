// Numbers in the text form: what is printed reads back to the same bits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mantissa::ir::text {

// The shortest that reads back: "0.1", "1", "-0", "inf"; "nan",
// or "nan:ffc00000" for one with other bits than the usual.
[[nodiscard]] std::string number(float value);
[[nodiscard]] std::string number(double value);
// The same, never mistaken for an integer: "1.0".
[[nodiscard]] std::string real(float value);

// nullopt: not all of `text` is such a number, or it is out of range.
[[nodiscard]] std::optional<float> to_float(std::string_view text);
[[nodiscard]] std::optional<double> to_double(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> to_integer(std::string_view text);
[[nodiscard]] std::optional<std::uint64_t> to_unsigned(std::string_view text);

}  // namespace mantissa::ir::text
