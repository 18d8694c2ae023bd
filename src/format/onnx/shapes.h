// Number formats and shapes of all values, inferred node by node with the ONNX library's own functions.
//
// The library's driver for a whole model is not used: it has no bound on ranks or on the values that it follows,
// it gives up at the first declaration of a file that contradicts an operator, and it forgets that a picture keeps
// its size in a padded convolution.
#pragma once

#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Networks stay below 10; a hostile file could make every shape a million sizes long.
inline constexpr int highest_rank = 64;

// Fills the graph's value_info; its nodes must be sorted, and their attributes must not hold graphs. Sizes that cannot
// be known become symbols; those of the graph's inputs are kept. What the file declares about other values is believed
// unless an operator says otherwise: exporters like to declare the size of the one picture that they traced.
// Errors (bad_input): operators that do not fit together, naming the node.
[[nodiscard]] Result<void> infer_shapes(onnx::GraphProto& graph, int opset);

}  // namespace mantissa::format
