// Which sizes a node keeps although they are not known.
#pragma once

#include "format/onnx/proto.h"
#include "onnx/shape_inference/implementation.h"

namespace mantissa::format {

// The library computes with numbers only: after a convolution, a height "h" is unknown, even where padding keeps it.
// Where an output of the node has such a size, this gives it the symbol of the input again.
// Concerns Conv and the pooling operators.
void keep_symbols(const onnx::NodeProto& node, onnx::shape_inference::InferenceContextImpl& context);

}  // namespace mantissa::format
