// ONNX's own text form, for tests: files of any opset, legal or not, in a few readable lines.
#pragma once

#include <string>
#include <string_view>

#include "mantissa/result.h"

namespace mantissa::format {

// The bytes of a file with this model: https://github.com/onnx/onnx/blob/main/docs/Syntax.md.
// Errors (bad_input): not in that form.
[[nodiscard]] Result<std::string> onnx_from_text(std::string_view text);

}  // namespace mantissa::format
