#include "base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "base/files.h"

namespace mantissa::base {
namespace {

constexpr int exit_code = static_cast<int>(ErrorCode::interrupted);

std::atomic<int> signals = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler changes it");

void on_signal(int) {
  if (signals.fetch_add(1) == 0) return;
  remove_unfinished_files();
  ::_exit(exit_code);
}

}  // namespace

void handle_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    // Who starts us in the background ("&", nohup) has switched it off, and means it.
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(signal, &action, nullptr);
  }
  // Beyond the limit on file sizes a write is to fail with an Error instead of ending the process.
  std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return signals > 0; }

Result<void> check_interrupt() {
  if (interrupted()) return Error{ErrorCode::interrupted, "stopped on request", {}, {}};
  return {};
}

}  // namespace mantissa::base
