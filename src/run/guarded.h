// Exceptions end where a caller of ours begins.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "mantissa/result.h"

namespace mantissa::run {

// Runs `work`, which returns a Result. The memory of a large picture is what is short first.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return unsupported("there is not enough memory for this picture", "Use smaller tiles");
  } catch (const std::exception& problem) {
    return internal_error(problem.what());
  }
}

}  // namespace mantissa::run
