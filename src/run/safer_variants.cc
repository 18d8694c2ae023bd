#include "run/safer_variants.h"

namespace mantissa::run {

Result<const SaferVariant*> SaferVariants::at(std::size_t index) {
  while (opened_.size() <= index) {
    if (!open_next_) return nullptr;
    MANTISSA_ASSIGN(auto next, open_next_(opened_.empty() ? chosen_ : opened_.back().variant));
    if (!next) {
      open_next_ = nullptr;
      return nullptr;
    }
    opened_.push_back(*std::move(next));
  }
  return &opened_[index];
}

// Weights alone in integers leave the values floats, which overflow as their format does; integers saturate, and floats
// of 16 bits overflow at 65504 (half) or never before float32 does (bfloat16).
int narrowness(std::string_view variant) {
  if (variant == "fp32") return 0;
  if (variant == "bf16") return 1;
  if (variant == "fp16") return 2;
  return 3;
}

}  // namespace mantissa::run
