// The order of a model's nodes.
#pragma once

#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

// ONNX wants every node behind those that it depends on, and shape inference relies on it;
// some writers do not care. Moves nodes as little as needed.
// Errors (bad_input): a node that depends on its own output.
[[nodiscard]] Result<void> sort_nodes(onnx::GraphProto& graph);

}  // namespace mantissa::format
