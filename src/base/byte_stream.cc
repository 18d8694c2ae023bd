#include "base/byte_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

#include "base/system_error.h"

namespace mantissa::base {
namespace {

constexpr int kStopsPerSecond = 10;
// Of a pipe that is ready for writing, so many bytes are taken without waiting (POSIX, PIPE_BUF); files take more.
constexpr std::size_t kPipeBytes = PIPE_BUF;
constexpr std::size_t kFileBytes = std::size_t{1} << 20;

bool is_standard(const std::filesystem::path& path) { return path == "-"; }

Error stopped() { return {ErrorCode::interrupted, "stopped on request", {}, {}}; }

// Until the descriptor is ready, or has failed, which reading or writing then tells.
Result<void> wait_for(int descriptor, short event, const StopRequest& stop) {
  while (true) {
    if (stop && stop()) return stopped();
    pollfd waiting{descriptor, event, 0};
    const int ready = ::poll(&waiting, 1, 1000 / kStopsPerSecond);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return {};
  }
}

// Keeps a write to a pipe without a reader from ending the process: the signal goes to the thread that writes, and is
// taken away again.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    sigset_t pending;
    ::sigpending(&pending);
    int signal = 0;
    if (!was_pending_ && ::sigismember(&pending, SIGPIPE) == 1) ::sigwait(&pipe_, &signal);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

bool is_regular(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

Error cannot_write_output(int error_number) {
  if (error_number == EPIPE) return bad_input("standard output was closed by who reads it");
  return system_error(ErrorCode::bad_input, "write", "standard output", error_number);
}

}  // namespace

Result<InputStream> InputStream::open(const std::filesystem::path& path) {
  InputStream stream;
  stream.name_ = is_standard(path) ? "standard input" : path.string();
  if (is_standard(path)) {
    if (::isatty(STDIN_FILENO) == 1)
      return usage_error("standard input is a terminal, not a stream of frames", "Pipe one in, or name a file");
    stream.descriptor_ = STDIN_FILENO;
    return stream;
  }
  stream.owned_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!stream.owned_) return system_error(ErrorCode::bad_input, "read", path, errno);
  stream.descriptor_ = stream.owned_.get();
  return stream;
}

Result<std::size_t> InputStream::read(std::span<std::byte> bytes, const StopRequest& stop) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    MANTISSA_TRY(wait_for(descriptor_, POLLIN, stop));
    const ssize_t count = ::read(descriptor_, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return system_error(ErrorCode::bad_input, "read", name_, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return filled;
}

Result<OutputStream> OutputStream::open(const std::filesystem::path& path) {
  OutputStream stream;
  if (!is_standard(path)) {
    MANTISSA_ASSIGN(stream.file_, AtomicFile::create(path));
    return stream;
  }
  if (::isatty(STDOUT_FILENO) == 1)
    return usage_error("standard output is a terminal, not a place for frames", "Pipe it on, or name a file");
  return stream;
}

Result<void> OutputStream::write(std::span<const std::byte> bytes, const StopRequest& stop) {
  if (file_) return file_->write(bytes);
  const WithoutPipeSignal guard;
  const std::size_t most = is_regular(STDOUT_FILENO) ? kFileBytes : kPipeBytes;
  while (!bytes.empty()) {
    MANTISSA_TRY(wait_for(STDOUT_FILENO, POLLOUT, stop));
    const ssize_t count = ::write(STDOUT_FILENO, bytes.data(), std::min(bytes.size(), most));
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return cannot_write_output(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> OutputStream::finish() { return file_ ? file_->commit() : Result<void>(); }

}  // namespace mantissa::base
