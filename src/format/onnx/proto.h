// ONNX's protobuf messages, under a short name.
#pragma once

#include "onnx/onnx_pb.h"

namespace mantissa::format {

namespace onnx = ::ONNX_NAMESPACE;

}  // namespace mantissa::format
