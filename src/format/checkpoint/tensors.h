// From the chosen dictionary and the storages to tensors whose every byte is known to exist.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "format/checkpoint/choose_weights.h"
#include "format/pickle.h"
#include "ir/state_dict.h"

namespace mantissa::format {

// The bytes of a storage, exactly as many as its count and class say; of a view, those of the view.
using StorageBytes = std::function<Result<base::Bytes>(const PickleStorage& storage)>;

// Entries that are no tensors are left out. Contiguous tensors are parts of their storage, shared ones share it;
// others, and those whose address in the file is not a multiple of their element, are copied. `stored` is the size of
// all storages together: tensors that claim far more than that (by repeating or overlapping elements) are refused.
// Errors (bad_input): shapes, strides and offsets beyond the storage, repeated keys.
// (unsupported): complex and quantized elements.
[[nodiscard]] Result<ir::StateDict> collect_tensors(const Pickle& pickle, const ChosenWeights& chosen,
                                                    const StorageBytes& bytes_of, std::uint64_t stored);

// Whether each byte is a 0 or a 1, as in a tensor of booleans.
[[nodiscard]] bool are_truth_values(std::span<const std::byte> bytes);

}  // namespace mantissa::format
