// The engine's core object, and its exceptions turned into errors where they enter.
#pragma once

#include <exception>
#include <new>
#include <openvino/openvino.hpp>
#include <utility>

#include "mantissa/result.h"

namespace mantissa::run::openvino {

// The library's one core, with its own log silenced.
[[nodiscard]] ov::Core& core();

// What an exception of the engine says, as an Error in one sentence.
[[nodiscard]] Error to_error(const std::exception& exception);

// Runs `work`, which returns a Result; no exception leaves it.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return unsupported("there is not enough memory for this network", "Use smaller tiles");
  } catch (const std::exception& exception) {
    return to_error(exception);
  }
}

}  // namespace mantissa::run::openvino
