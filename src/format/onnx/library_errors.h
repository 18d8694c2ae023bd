// The ONNX library reports by exceptions, with messages of several lines; here they become Errors of one sentence.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "mantissa/result.h"

namespace mantissa::format {

// The first lines of a library's message, on one line and without a full stop.
[[nodiscard]] std::string as_sentence(std::string_view text);

// Calls `work`, which may throw, and turns an exception into an Error (bad_input).
template <class Work>
[[nodiscard]] Result<void> guarded(Work&& work) {
  try {
    work();
    return {};
  } catch (const std::exception& exception) {
    return bad_input(as_sentence(exception.what()));
  } catch (...) {
    return bad_input("the ONNX library failed without a reason");
  }
}

}  // namespace mantissa::format
