#include "base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "base/progress_line.h"

namespace mantissa::base {

using Clock = std::chrono::steady_clock;

namespace {

struct Bar {
  std::string title;
  std::int64_t total;
  std::string unit;
  Clock::time_point start = Clock::now();
  std::atomic<std::int64_t> done = 0;
};

constexpr auto delay = std::chrono::seconds(1);         // before a bar shows
constexpr auto pause = std::chrono::milliseconds(100);  // between two drawings

std::atomic<Verbosity> current_verbosity = Verbosity::normal;

// Standard error, shared by the bars and the log. Bars nest; the outermost is shown, because it is the one that lasts.
class Terminal {
 public:
  static Terminal& get() {
    static auto* const terminal = new Terminal;  // never destroyed: threads may log until the process ends
    return *terminal;
  }

  void open(const Bar* bar) {
    const std::lock_guard lock(mutex_);
    bars_.push_back(bar);
  }

  void close(const Bar* bar) {
    const std::lock_guard lock(mutex_);
    if (!bars_.empty() && bars_.front() == bar) erase();
    std::erase(bars_, bar);
  }

  void draw_if_due() {
    const Clock::time_point now = Clock::now();
    if (now.time_since_epoch().count() < next_drawing_.load(std::memory_order_relaxed)) return;
    const std::lock_guard lock(mutex_);
    next_drawing_ = (now + pause).time_since_epoch().count();
    if (!bars_.empty() && now - bars_.front()->start >= delay && can_draw()) draw(*bars_.front(), now);
  }

  void log(std::string_view kind, std::string_view text) {
    const std::lock_guard lock(mutex_);
    const bool was_drawn = drawn_;
    erase();
    write("mantissa: " + std::string(kind) + without_control_characters(text) + "\n");
    if (was_drawn) draw(*bars_.front(), Clock::now());
  }

 private:
  static bool can_draw() {
    const char* kind = std::getenv("TERM");
    const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
    return current_verbosity != Verbosity::quiet && !dumb && ::isatty(STDERR_FILENO) == 1;
  }

  static std::size_t width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return 79;
    return size.ws_col - 1U;  // in the last column some terminals break the line
  }

  void draw(const Bar& bar, Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - bar.start).count();
    write("\r" + progress_line(bar.title, bar.done, bar.total, bar.unit, seconds, width()) + "\x1b[K");
    drawn_ = true;
  }

  void erase() {
    if (drawn_) write("\r\x1b[K");
    drawn_ = false;
  }

  // Nothing can be done about a standard error that does not take it.
  static void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  std::mutex mutex_;
  std::vector<const Bar*> bars_;  // outermost first
  bool drawn_ = false;
  std::atomic<Clock::rep> next_drawing_ = 0;
};

}  // namespace

struct Progress::State {
  Bar bar;
};

void set_verbosity(Verbosity verbosity) { current_verbosity = verbosity; }
Verbosity verbosity() { return current_verbosity; }

void complain(std::string_view text) { Terminal::get().log("", text); }

void warn(std::string_view text) { Terminal::get().log("warning: ", text); }

void note(std::string_view text) {
  if (verbosity() != Verbosity::quiet) Terminal::get().log("", text);
}

void detail(std::string_view text) {
  if (verbosity() == Verbosity::verbose) Terminal::get().log("", text);
}

Progress::Progress(std::string title, std::int64_t total, std::string unit)
    : state_(new State{{std::move(title), total, std::move(unit)}}) {
  Terminal::get().open(&state_->bar);
}

Progress::~Progress() { Terminal::get().close(&state_->bar); }

void Progress::advance(std::int64_t steps) {
  state_->bar.done += steps;
  Terminal::get().draw_if_due();
}

}  // namespace mantissa::base
