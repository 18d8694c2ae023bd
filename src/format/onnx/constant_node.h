// A Constant node is a constant that was written in an unusual place.
#pragma once

#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Turns Constant nodes into initializers, of their attribute value, value_int, value_ints, value_float or value_floats.
// Errors (unsupported): strings and sparse tensors.
[[nodiscard]] Result<void> hoist_constants(onnx::GraphProto& graph);

}  // namespace mantissa::format
