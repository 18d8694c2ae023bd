// libvips itself: started once, kept silent, its exceptions turned into Errors.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vips/vips8>

#include "mantissa/result.h"

namespace mantissa::image {

// Starts the library, or says why it cannot. Loaders that are not meant for files from strangers are switched off.
[[nodiscard]] Result<void> start_vips();

// What libvips has complained about since the last call, as one sentence; empties its log, which all threads share.
[[nodiscard]] std::string take_vips_complaint();

// Calls a function that uses the C++ interface of libvips; its exception becomes an Error that begins with `what`.
template <class Function>
auto guarded(const std::string& what, Function&& function) -> Result<std::invoke_result_t<Function>> {
  using Value = std::invoke_result_t<Function>;
  try {
    if constexpr (std::is_void_v<Value>) {
      std::forward<Function>(function)();
      return {};
    } else {
      return std::forward<Function>(function)();
    }
  } catch (const vips::VError&) {
    return bad_input(what + ": " + take_vips_complaint());
  } catch (const std::bad_alloc&) {
    return unsupported(what + ": not enough memory");
  }
}

}  // namespace mantissa::image
