// One session for several threads, each of which can be stopped.
#pragma once

#include <functional>
#include <mutex>

#include "run/provider.h"

namespace mantissa::run {

// Stands before a session that others use too: one run at a time, and none once `stop` says so, which then is an Error
// (interrupted).
class SharedSession : public Session {
 public:
  // All must outlive it.
  SharedSession(Session& session, std::mutex& mutex, const std::function<bool()>& stop)
      : session_(session), mutex_(mutex), stop_(stop) {}

  [[nodiscard]] Result<void> run(const TensorView& input, const TensorView& output) override;
  [[nodiscard]] Result<std::vector<float>> run(const TensorView& input,
                                               std::vector<std::int64_t>& output_shape) override;
  [[nodiscard]] Result<Placement> placement() override;
  [[nodiscard]] Result<const TwoParts*> two_parts() override;
  [[nodiscard]] Result<std::vector<float>> see(const TensorView& picture) override;
  [[nodiscard]] Result<void> run_rest(const TensorView& tile, std::span<const float> seen,
                                      const TensorView& output) override;

 private:
  template <class Work>
  auto alone(Work&& work) -> decltype(work());

  Session& session_;
  std::mutex& mutex_;
  const std::function<bool()>& stop_;
};

}  // namespace mantissa::run
