// Where ONNX Runtime ran the nodes of a network, from the profile that it writes of a run.
#pragma once

#include <filesystem>

#include "run/provider.h"

namespace mantissa::run::onnxruntime {

// Every node that was executed, with the device that executed it; the format is that of its first input. What a device
// compiled is one node here. `nodes` of the network that are not the CPU's are counted as `device`'s.
// Errors (bad_input): not a profile.
[[nodiscard]] Result<Placement> read_profile(const std::filesystem::path& path, std::string_view device, int nodes);

}  // namespace mantissa::run::onnxruntime
