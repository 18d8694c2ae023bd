// Tensors between ONNX's messages and the IR.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "format/onnx/external_data.h"
#include "format/onnx/proto.h"
#include "ir/tensor.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Takes the data out of the message where they lie there as raw bytes, so that nothing is held twice; `raw` are those
// bytes where they were not in the message.
// Errors (bad_input): data that do not fit the shape, sizes that overflow.
// (unsupported): strings, formats that the IR does not have.
[[nodiscard]] Result<ir::Tensor> take_tensor(onnx::TensorProto& message, ExternalData& external,
                                             const std::optional<base::Bytes>& raw = {});

// Everything but the data and the name.
void describe_tensor(const ir::Tensor& tensor, onnx::TensorProto& message);
// With the data, copied.
void copy_tensor(const ir::Tensor& tensor, onnx::TensorProto& message);

}  // namespace mantissa::format
