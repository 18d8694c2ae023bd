// Checks what every graph must satisfy; run after reading and, in tests and debug builds, after every pass.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::ir {

// Errors (bad_input, naming node and value): a cycle, an input that nobody produces, a use list that does not match, a
// graph output that is not produced, a constant whose bytes do not fit its shape, a quantization whose scales are not
// positive and finite or do not match its axis.
[[nodiscard]] Result<void> verify(const Graph& graph);

}  // namespace mantissa::ir
