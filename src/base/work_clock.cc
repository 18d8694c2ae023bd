#include "base/work_clock.h"

#include <algorithm>
#include <ctime>

#include "base/threads.h"

namespace mantissa::base {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

WorkClock::WorkClock() : process_(seconds_of(CLOCK_PROCESS_CPUTIME_ID)), thread_(seconds_of(CLOCK_THREAD_CPUTIME_ID)) {}

double WorkClock::seconds() const {
  const double process = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - process_;
  const double thread = seconds_of(CLOCK_THREAD_CPUTIME_ID) - thread_;
  return std::max(thread, process / thread_count());
}

}  // namespace mantissa::base
