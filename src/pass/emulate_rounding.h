// Judging a half-precision file where no engine computes in half: the same graph in float32, with every result rounded
// to the format.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Takes a graph with float16 or bfloat16 tensors, as read from a file. Constants become float32 of the same values; a
// mantissa.RoundTo node, with overflow to infinity, stands behind every node that gave such a tensor; casts into the
// format become RoundTo, casts out of it vanish. Matches hardware that accumulates in float32 and stores in the format.
[[nodiscard]] Result<void> emulate_rounding(ir::Graph& graph);

}  // namespace mantissa::pass
