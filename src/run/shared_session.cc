#include "run/shared_session.h"

namespace mantissa::run {

template <class Work>
auto SharedSession::alone(Work&& work) -> decltype(work()) {
  const std::lock_guard lock(mutex_);
  // Asked here, because waiting for the others may have taken long.
  if (stop_()) return Error{ErrorCode::interrupted, "stopped on request", {}, {}};
  return work();
}

Result<void> SharedSession::run(const TensorView& input, const TensorView& output) {
  return alone([&] { return session_.run(input, output); });
}

Result<std::vector<float>> SharedSession::run(const TensorView& input, std::vector<std::int64_t>& output_shape) {
  return alone([&] { return session_.run(input, output_shape); });
}

Result<Placement> SharedSession::placement() {
  return alone([&] { return session_.placement(); });
}

Result<const TwoParts*> SharedSession::two_parts() {
  return alone([&] { return session_.two_parts(); });
}

Result<std::vector<float>> SharedSession::see(const TensorView& picture) {
  return alone([&] { return session_.see(picture); });
}

Result<void> SharedSession::run_rest(const TensorView& tile, std::span<const float> seen, const TensorView& output) {
  return alone([&] { return session_.run_rest(tile, seen, output); });
}

}  // namespace mantissa::run
