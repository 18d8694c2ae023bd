// The picture in whole numbers, for layers in bfloat16.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

// bfloat16 has eight significant bits: it holds the levels 0..255 of a picture as they are, but of k / 255 it makes more
// for every k but 0 and 255, by up to half a level. So convolutions in bfloat16 that read the first input get it as
// levels, made in float32, and smaller weights. `levels`: what the input times this is whole, or whole and a half.
//   x -> Conv(w)        x -> Mul(levels) -> Conv(w / levels)
// Formats of nodes must be set. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> scale_input_to_levels(ir::Graph& graph, double levels);

}  // namespace mantissa::pass
