// A graph of the IR becomes an ONNX message, still without the data of its constants.
#pragma once

#include "format/onnx/proto.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Everything but initializers: nodes, inputs, outputs, the types of all other values, metadata, producer, opset.
// Errors (internal): an input or output without a number format.
[[nodiscard]] Result<onnx::ModelProto> to_message(const ir::Graph& graph, int opset);

// Lets ONNX's checker and its shape inference look at the graph. Returns the lowest opset, 21 or little newer,
// that allows its number formats.
// Errors (internal): what they refuse, because the graph was sound when it was read.
[[nodiscard]] Result<int> check_message(const ir::Graph& graph);

}  // namespace mantissa::format
