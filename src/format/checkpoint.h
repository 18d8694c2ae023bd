// PyTorch checkpoints, without PyTorch: a restricted unpickler that knows the opcodes and names that tensors need,
// and executes nothing.
#pragma once

#include <filesystem>

#include "ir/state_dict.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Reads the zip form (stored or deflated) and the legacy form (before PyTorch 1.6). Of a training checkpoint it takes
// the weights ("params_ema", then "params", "state_dict", "model", "net", "generator"; else the only dictionary of
// tensors), never optimizer state. Stored tensors are mapped, not copied, and aligned to their elements.
// CRCs are checked in zip files of up to 1 GiB.
// Errors (bad_input): damaged, sizes that lie, a callable beyond those of tensors (named: "posix.system"), no tensors.
// (bad_input) too: whole pickled modules; (unsupported): TorchScript and torch.export archives; each with what to do.
[[nodiscard]] Result<ir::StateDict> read_checkpoint(const std::filesystem::path& path);

// Writes the zip form with the same wrappers, keys and order, tagged for the CPU;
// `torch.load(path, weights_only=True)` reads it.
[[nodiscard]] Result<void> write_checkpoint(const ir::StateDict& state, const std::filesystem::path& path);

}  // namespace mantissa::format
