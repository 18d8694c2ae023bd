// The IR's text form: what `inspect --text` prints, what text cases under tests/cases hold, and what passes show as before and after.
#pragma once

#include <string>
#include <string_view>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::ir {

// How much of a constant is printed.
struct TextOptions {
  int values_up_to = 16;  // larger constants print as their shape and a checksum, and cannot be parsed back
};

[[nodiscard]] std::string print(const Graph& graph, const TextOptions& options = {});
// Errors (bad_input): with line and column.
[[nodiscard]] Result<Graph> parse(std::string_view text);

}  // namespace mantissa::ir
