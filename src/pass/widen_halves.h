// Networks that were exported in 16-bit floats become float32, from which variants are made.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Before:  x float16, y = Conv(x, w float16)    After:  x float32, y = Conv(x, w float32)
// Where an input or output of the graph is float16 or bfloat16: then all its values become float32, none of whose
// numbers change. A graph whose ends are float32, such as a variant of ours, stays as it is. Errors: those of
// Tensor::floats.
[[nodiscard]] Result<void> widen_halves(ir::Graph& graph);

}  // namespace mantissa::pass
