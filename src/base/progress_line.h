// The text of a progress bar, apart from when and where it is drawn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mantissa::base {

// "calibrating [#####.....] 50% 12/24 tiles, 0:34 left" in at most `width` columns: what does not fit is left out, the
// bar first. Without a total: "calibrating 12 tiles, 0:34". `seconds` have passed since the beginning.
[[nodiscard]] std::string progress_line(std::string_view title, std::int64_t done, std::int64_t total,
                                        std::string_view unit, double seconds, std::size_t width);

// The text with control characters replaced by '?': names from files must not steer a terminal. Keeps line breaks.
[[nodiscard]] std::string without_control_characters(std::string_view text);

}  // namespace mantissa::base
