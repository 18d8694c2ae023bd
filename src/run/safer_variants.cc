#include "run/safer_variants.h"

namespace mantissa::run {
namespace {

class OneAtATime : public Session {
 public:
  explicit OneAtATime(std::unique_ptr<Session> session) : session_(std::move(session)) {}
  [[nodiscard]] Result<void> run(const TensorView& input, const TensorView& output) override {
    const std::lock_guard lock(mutex_);
    return session_->run(input, output);
  }
  [[nodiscard]] Result<std::vector<float>> run(const TensorView& input,
                                               std::vector<std::int64_t>& output_shape) override {
    const std::lock_guard lock(mutex_);
    return session_->run(input, output_shape);
  }
  [[nodiscard]] Result<Placement> placement() override {
    const std::lock_guard lock(mutex_);
    return session_->placement();
  }

 private:
  std::unique_ptr<Session> session_;
  std::mutex mutex_;
};

}  // namespace

Result<const SaferVariant*> SaferVariants::at(std::size_t index) {
  const std::lock_guard lock(*opening_);
  while (opened_.size() <= index) {
    if (!open_next_) return nullptr;
    MANTISSA_ASSIGN(auto next, open_next_(opened_.empty() ? chosen_ : opened_.back().variant));
    if (!next) {
      open_next_ = nullptr;
      return nullptr;
    }
    opened_.push_back({std::move(next->variant), std::make_unique<OneAtATime>(std::move(next->session))});
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
