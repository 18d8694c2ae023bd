#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/files.h"
#include "base/test_folder.h"

namespace mantissa::base {
namespace {

// In a process of its own: handlers stay, and the second signal ends it.
template <class Body>
int exit_code_of_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Interrupt, TheFirstSignalIsRemembered) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const int code = exit_code_of_child([&] {
      handle_interrupts();
      if (interrupted() || !check_interrupt().ok()) return 1;
      std::raise(signal);
      if (!interrupted()) return 2;
      const auto result = check_interrupt();
      return !result.ok() && result.error().code == ErrorCode::interrupted ? 0 : 3;
    });
    EXPECT_EQ(code, 0);
  }
}

TEST(Interrupt, TheSecondEndsTheProcessAndLeavesNothing) {
  const TestFolder folder;
  const int code = exit_code_of_child([&] {
    handle_interrupts();
    const auto file = AtomicFile::create(folder / "a");
    const auto tree = AtomicFolder::create(folder / "b");
    if (!file.ok() || !tree.ok() || !write_text(tree->temporary_path() / "c", "x").ok() || folder.entries() != 2)
      return 1;
    std::raise(SIGINT);
    std::raise(SIGTERM);
    return 2;
  });
  EXPECT_EQ(code, 130);
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(Interrupt, IgnoredSignalsStayIgnored) {
  const int code = exit_code_of_child([] {
    std::signal(SIGINT, SIG_IGN);
    handle_interrupts();
    std::raise(SIGINT);
    return interrupted() ? 1 : 0;
  });
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace mantissa::base
