// PReLU in products and a ReLU, for an engine whose PReLU is slow.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Before:  y = PRelu(x, s)
// After:   y = s * x + (1 - s) * Relu(x)
// The same in real numbers; float32 rounds once more. ONNX Runtime 1.31 computes PReLU element by element, and takes
// three times as long as for the four nodes (efdn in integers: 1.5 times as fast as float32 instead of 1.08). Positive
// products by channel right before and behind (quant::scale_channels) go into the constants. Slopes that are not
// constant stay. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> spell_out_prelu(ir::Graph& graph);

}  // namespace mantissa::pass
