// Any file that holds a network, told by its content: one list of readers.
#pragma once

#include <filesystem>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"
#include "net/network.h"

namespace mantissa::format {

// With what the user says of it. With `cut_custom`, what operators of other domains around the network do with numbers
// gives the range of the task, and that they were cut off is told in `assumed`. Errors: those of the reader that knows the content, and of net::override_task; (usage)
// no output of the name that `overrides` give; (bad_input) weights that are NaN or infinite; missing, empty, a
// folder; a kind of file that no reader knows; (unsupported) one or that is known and cannot be read yet (SavedModel,
// .tflite, TorchScript), with what to do.
[[nodiscard]] Result<net::Network> read_network(const std::filesystem::path& path, const TaskOverrides& overrides = {});

}  // namespace mantissa::format
