#include "ir/state_dict.h"

namespace mantissa::ir {

const Tensor* StateDict::find(std::string_view key) const {
  for (const auto& [name, tensor] : tensors) {
    if (name == key) return &tensor;
  }
  return nullptr;
}

}  // namespace mantissa::ir
