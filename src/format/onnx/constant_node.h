// A Constant node is a constant that was written in an unusual place.
#pragma once

#include "format/onnx/external_data.h"
#include "format/onnx/proto.h"
#include "ir/tensor.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Of the attributes value, value_int, value_ints, value_float and value_floats. Errors (unsupported): strings and sparse tensors.
[[nodiscard]] Result<ir::Tensor> take_constant(onnx::NodeProto& node, ExternalData& external);

}  // namespace mantissa::format
