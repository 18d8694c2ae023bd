// What engines write in their messages for their own authors, taken out again.
#pragma once

#include <string>
#include <string_view>

namespace mantissa::run {

// A message of ONNX Runtime as one sentence without a full stop: without the status in front ("[ONNXRuntimeError] : 1 :
// FAIL : "), the places in the engine's own sources ("/onnxruntime_src/.../x.cc:123 some::Function(...)") and line
// ends.
[[nodiscard]] std::string onnxruntime_sentence(std::string_view message);

}  // namespace mantissa::run
