// Cuts away what prepares and finishes pictures around a network: files of mobile applications decode a JPEG, resize
// and crop it, feed it to the network, and encode what comes out (onnxruntime-extensions, its tool
// add_pre_post_processing_to_model), with operators that no engine has by itself.
//
//   bytes -> DecodeImage -> Resize -> ... -> Div 255 -> Unsqueeze -> [Conv ... DepthToSpace] -> Squeeze -> Mul 255 ->
//   Round -> Clip -> Cast -> ... -> EncodeImage -> bytes
//
// becomes what stands in brackets.
#pragma once

#include "format/onnx.h"
#include "format/onnx/proto.h"

namespace mantissa::format {

// Leaves the nodes between the value that every convolution's picture comes through and the one that all of them lead
// to, with those two as its input and output. A graph without operators of other domains stays as it is: nullopt.
// Constant nodes become constants, and nodes are put in order.
// Errors (unsupported): no convolution; such an operator within the network; no such two values (it needs several
// pictures, or makes several); numbers that are prepared differently for each channel, or blue before red.
[[nodiscard]] Result<std::optional<CutOff>> cut_custom(onnx::GraphProto& graph);

}  // namespace mantissa::format
