// GELU in one operator, where an exporter spelled it out.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// Before:  y = 0.5 * x * (1 + Erf(x / sqrt(2))), five nodes, in any order of the factors
// After:   y = Gelu(x)
// Engines do the same, but not where a format begins or ends beside it: ONNX Runtime 1.31 leaves four of five nodes
// behind DequantizeLinear (twice the time). Stays where a value in between has another reader.
void fuse_gelu(ir::Graph& graph);

}  // namespace mantissa::pass
