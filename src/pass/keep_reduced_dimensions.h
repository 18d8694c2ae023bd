// Reductions that keep what they reduce as a dimension of 1.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// Before:  y = ReduceMax(x, axes) {keepdims=0}
// After:   r = ReduceMax(x, axes) {keepdims=1}
//          y = Squeeze(r, axes)
// OpenVINO 2026.4 computes the quantization behind a reduction within it, and takes the wrong channel's numbers when a
// dimension is dropped (docs/decisions/0012). Reductions over all dimensions, or over axes that are not constant, stay.
void keep_reduced_dimensions(ir::Graph& graph);

}  // namespace mantissa::pass
