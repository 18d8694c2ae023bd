// Frozen TensorFlow graphs (`.pb`: a GraphDef whose variables are constants), read without TensorFlow.
#pragma once

#include "base/bytes.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

// The graph in ONNX's operators with channels first, whatever the file has: weights are turned, constants too, no
// Transpose is left. Shapes are those of the picture and the constants only; ONNX's inference finds the others.
// One picture goes in (the Placeholder that the output depends on), and one comes out (the node that nothing reads).
// Errors (bad_input): damaged, inconsistent, a cycle; (unsupported) an operator, an attribute or a form that is not
// known here, naming the node; several pictures in or out.
[[nodiscard]] Result<ir::Graph> read_frozen_graph(const base::Bytes& bytes);

}  // namespace mantissa::format
