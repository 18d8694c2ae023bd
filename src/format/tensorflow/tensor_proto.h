// The data of constants in TensorFlow's files (framework/tensor.proto).
#pragma once

#include "base/bytes.h"
#include "ir/tensor.h"
#include "mantissa/result.h"

namespace mantissa::format {

// float32, or int64 for whatever integers and booleans the file has. A TensorProto may hold fewer numbers than its
// shape has elements: the last one stands for all that follow, none for zeros. `filled` counts the elements that came
// about so, over all tensors of a file: more than 4 million of them are refused.
// Errors (bad_input): damaged, data that do not fit the shape; (unsupported) another number format.
[[nodiscard]] Result<ir::Tensor> parse_tensor(const base::Bytes& message, std::int64_t& filled);

}  // namespace mantissa::format
