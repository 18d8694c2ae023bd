// Heavy libraries (engines, libvips) live in modules: shared libraries of ours that are loaded when first used,
// so that `mantissa --help` does not pay for them and a missing one is an error only for who needs it.
#pragma once

#include <filesystem>
#include <string_view>

#include "mantissa/result.h"

namespace mantissa::base {

// Loads `libmantissa`'s neighbour mantissa/mantissa_<name>.so once (or from the folder in $MANTISSA_MODULES) and
// returns what its function `extern "C" void* mantissa_module_<name>()` returns: a pointer to a static object of the
// interface that the caller expects. Thread-safe. Errors (unsupported): the module or a library that it needs is
// missing; the loader's own sentence is kept.
[[nodiscard]] Result<void*> load_module(std::string_view name);

// Where modules and their helpers lie.
[[nodiscard]] std::filesystem::path module_folder();

}  // namespace mantissa::base
