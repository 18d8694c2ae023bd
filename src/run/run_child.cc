#include "run/run_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "base/descriptor.h"
#include "base/interrupt.h"

extern char** environ;

namespace mantissa::run {
namespace {

constexpr std::size_t kMostOutput = 65536;
constexpr int kPollMilliseconds = 100;  // between looks at the clock and at the user's interrupt

struct Actions {
  posix_spawn_file_actions_t actions{};
  Actions() { ::posix_spawn_file_actions_init(&actions); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

// Reads until the other side closes; false where it takes longer than `seconds`, or the user interrupts.
bool read_all(int pipe, double seconds, std::string& output) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  std::array<char, 4096> buffer{};
  while (Clock::now() < end && !base::interrupted()) {
    pollfd ready{pipe, POLLIN, 0};
    if (::poll(&ready, 1, kPollMilliseconds) <= 0) continue;
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count == 0) return true;
    if (count > 0 && output.size() < kMostOutput) output.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return false;
}

std::string sentence_of_signal(int signal) { return "it crashed (" + std::string(::strsignal(signal)) + ")"; }

}  // namespace

ChildResult run_child(const std::vector<std::string>& words, double seconds) {
  ChildResult result;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    result.problem = "no pipe to a child process: " + std::string(::strerror(errno));
    return result;
  }
  const base::Descriptor reading(ends[0]);
  base::Descriptor writing(ends[1]);
  Actions files;
  ::posix_spawn_file_actions_addopen(&files.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files.actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&files.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (const int problem = ::posix_spawn(&child, arguments[0], &files.actions, nullptr, arguments.data(), environ)) {
    result.problem = "the program " + words[0] + " cannot be started: " + ::strerror(problem);
    return result;
  }
  writing = base::Descriptor();
  const bool ended = read_all(reading.get(), seconds, result.output);
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  char limit[64];
  std::snprintf(limit, sizeof limit, "it does not answer within %.3g seconds", seconds);
  if (!ended)
    result.problem = limit;
  else if (WIFSIGNALED(status))
    result.problem = sentence_of_signal(WTERMSIG(status));
  else
    result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace mantissa::run
