// How long this process has worked: what a budget counts, so that other programs on the machine do not use it up and
// the same work gives the same result.
#pragma once

namespace mantissa::base {

class WorkClock {
 public:
  WorkClock();  // starts it

  // Processor time since then: that of the calling thread, or that of all threads shared out among thread_count(),
  // whichever is more. On a quiet machine between half of the time by the clock (where one thread works and then
  // others, while it waits) and all of it.
  [[nodiscard]] double seconds() const;

 private:
  double process_;
  double thread_;
};

}  // namespace mantissa::base
