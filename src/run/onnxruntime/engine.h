// The engine's environment, and its exceptions turned into errors where they enter.
#pragma once

#include <onnxruntime_cxx_api.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "mantissa/result.h"

namespace mantissa::run::onnxruntime {

// The library's one environment. Its log goes to base::detail.
[[nodiscard]] Ort::Env& environment();

// What an exception of the engine says, as an Error in one sentence.
[[nodiscard]] Error to_error(const Ort::Exception& exception);
[[nodiscard]] Error to_error(const std::exception& exception);
[[nodiscard]] Error out_of_memory();

// Runs `work`, which returns a Result; no exception leaves it.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const Ort::Exception& exception) {
    return to_error(exception);
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& exception) {
    return to_error(exception);
  }
}

}  // namespace mantissa::run::onnxruntime
