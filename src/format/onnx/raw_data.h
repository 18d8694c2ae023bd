// The data of a model's own constants, left where the file is mapped instead of being copied into its message.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace mantissa::format {

struct ModelWithoutData {
  std::string message;                          // to be parsed
  std::vector<std::optional<base::Bytes>> raw;  // by initializer: its raw_data where that was taken out
};

// Takes out the raw_data of large initializers. nullopt: the bytes are no protobuf message of such a form; parsing them
// tells.
[[nodiscard]] std::optional<ModelWithoutData> take_out_raw_data(const base::Bytes& model);

}  // namespace mantissa::format
