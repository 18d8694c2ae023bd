// Checkpoints in the safetensors format (huggingface.co/docs/safetensors): the length of a JSON header in 8 bytes, the
// header, and the bytes of all tensors one after the other.
#pragma once

#include <filesystem>

#include "base/bytes.h"
#include "ir/state_dict.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Tensors come in the order of their bytes, mapped, not copied, where they are aligned to their elements; with them the
// metadata. As strict as the reference reader: each byte behind the header belongs to one tensor.
// Errors (bad_input): cut off, a header that is no such JSON, keys that are there twice, shapes and places that lie, no
// tensors. (unsupported): float8 and narrower elements, complex ones.
[[nodiscard]] Result<ir::StateDict> read_safetensors(const std::filesystem::path& path);
// The same of a file in memory, without its name in messages.
[[nodiscard]] Result<ir::StateDict> parse_safetensors(const base::Bytes& file);

// Tensors by falling size of their elements, so that each is aligned, and otherwise in their order; those that share
// bytes are written once each.
// Errors (unsupported): a number format that safetensors does not have; (bad_input): the file cannot be written.
[[nodiscard]] Result<void> write_safetensors(const ir::StateDict& state, const std::filesystem::path& path);

}  // namespace mantissa::format
