// The named tensors of a checkpoint, in the order of the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/tensor.h"

namespace mantissa::ir {

struct StateDict {
  std::vector<std::string> wrappers;  // dictionary keys around it in the file, outermost first: {"params"}
  std::vector<std::pair<std::string, Tensor>> tensors;
  // What a safetensors file says beside its tensors; nullopt: it came from a file of another kind.
  std::optional<std::vector<std::pair<std::string, std::string>>> metadata = {};

  // nullptr when there is none.
  [[nodiscard]] const Tensor* find(std::string_view key) const;
};

}  // namespace mantissa::ir
