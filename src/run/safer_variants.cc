#include "run/safer_variants.h"

#include "run/shared_session.h"

namespace mantissa::run {
namespace {

// What a SharedSession refers to; before it, so that it outlives it.
struct Held {
  explicit Held(std::unique_ptr<Session> session) : held(std::move(session)) {}

  std::unique_ptr<Session> held;
  std::mutex running;
  std::function<bool()> never_stops = [] { return false; };
};

// The one who asked for the tile stops between tiles, not here.
class OneAtATime : private Held, public SharedSession {
 public:
  explicit OneAtATime(std::unique_ptr<Session> session)
      : Held(std::move(session)), SharedSession(*held, running, never_stops) {}
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
