// Constants that are added to what a convolution gives become its bias.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Before:  a = Conv(x, w)  y = Add(a, b [outputs,1,1])
// After:   y = Conv(x, w, b [outputs])
// As TensorFlow's exporters leave it; ConvTranspose likewise, and one number for all outputs. Through a DepthToSpace
// between the two, too. Stays where the convolution has a bias or another reader. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> fuse_bias(ir::Graph& graph);

}  // namespace mantissa::pass
