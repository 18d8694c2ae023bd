// Text from files as it may be shown: names are whatever somebody wrote into a file.
#pragma once

#include <string>
#include <string_view>

namespace mantissa::base {

// Without what a terminal obeys or what hides or turns letters: control characters, marks of direction and others
// without a shape (Unicode 15, categories Cc, Cf, Zl, Zp, Co), and bytes that are no UTF-8, become '?'. Of a word of
// more than 160 bytes, and of a text of more than 1000, the middle becomes "...".
[[nodiscard]] std::string readable(std::string_view text);

}  // namespace mantissa::base
