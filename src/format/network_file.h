// Any file that holds a network, told by its content: one list of readers.
#pragma once

#include <filesystem>

#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::format {

// Errors: those of the reader that knows the content; (bad_input) weights that are NaN or infinite; missing, empty, a
// folder; a kind of file that no reader knows; (unsupported) one or that is known and cannot be read yet (SavedModel,
// .tflite, TorchScript), with what to do.
[[nodiscard]] Result<net::Network> read_network(const std::filesystem::path& path);

}  // namespace mantissa::format
