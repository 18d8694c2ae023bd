// The legacy form of torch.save (before PyTorch 1.6): five pickles - magic number, protocol, system, object, storage
// keys - and then the storages, each as an int64 count and its elements (torch/serialization.py, _legacy_save).
#pragma once

#include "base/bytes.h"
#include "ir/state_dict.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Whether the bytes begin with the magic number.
[[nodiscard]] bool is_legacy_form(const base::Bytes& file);

// Errors: those of read_checkpoint(), for such a file.
[[nodiscard]] Result<ir::StateDict> read_legacy_form(const base::Bytes& file);

}  // namespace mantissa::format
