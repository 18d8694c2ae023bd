// Number formats and shapes of all values, inferred by the ONNX library.
#pragma once

#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Fills the model's value_info. Sizes that cannot be known become symbols; those of the graph's inputs are kept. What the file declares about
// its other values is believed unless it contradicts what the operators say.
// Errors (bad_input): operators that do not fit together.
[[nodiscard]] Result<void> infer_shapes(onnx::ModelProto& model);

}  // namespace mantissa::format
