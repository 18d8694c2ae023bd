// Sentences about what the operating system refused.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mantissa/result.h"

namespace mantissa::base {

// The path in quotation marks.
[[nodiscard]] std::string quoted(const std::filesystem::path& path);

// `cannot write "x.onnx": No space left on device`, with the sentence for `error_number` (errno)
// and, where one helps, advice.
[[nodiscard]] Error system_error(ErrorCode code, std::string_view what, const std::filesystem::path& path,
                                 int error_number);

}  // namespace mantissa::base
