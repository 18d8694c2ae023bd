#include "base/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/progress_line.h"

namespace mantissa::base {
namespace {

TEST(ProgressLine, ShowsPartCountAndTimeLeft) {
  EXPECT_EQ(progress_line("calibrating", 12, 24, "tiles", 34, 79),
            "calibrating [###############...............] 50% 12/24 tiles, 0:34 left");
  EXPECT_EQ(progress_line("calibrating", 1, 3, "", 1800, 40), "calibrating 33% 1/3, 1:00:00 left");
  EXPECT_EQ(progress_line("hashing", 0, 10, "files", 2, 30), "hashing [......] 0% 0/10 files");
}

TEST(ProgressLine, WithoutATotalShowsTimePassed) {
  EXPECT_EQ(progress_line("reading", 7, 0, "files", 65, 79), "reading 7 files, 1:05");
}

TEST(ProgressLine, NeverExceedsTheWidth) {
  for (std::size_t width = 0; width < 100; ++width) {
    EXPECT_LE(progress_line("a title of some length", 5, 9, "pictures", 10, width).size(), width);
  }
  // Characters of several bytes are cut as a whole.
  EXPECT_EQ(progress_line("größe", 1, 0, "", 0, 4), "größ");
}

TEST(ProgressLine, MoreThanAllIsAll) {
  EXPECT_EQ(progress_line("x", 12, 10, "", 1, 79), "x [##############################] 100% 10/10, 0:00 left");
}

TEST(ProgressLine, DropsControlCharacters) {
  EXPECT_EQ(without_control_characters("a\x1b[2Jb\r\x7f\nc"), "a?[2Jb??\nc");
  EXPECT_EQ(progress_line("a\nb", 1, 0, "", 0, 20).find('\n'), std::string::npos);
}

// Standard error becomes a terminal of our own.
class FakeTerminal {
 public:
  FakeTerminal() : saved_(::dup(STDERR_FILENO)), master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
    const int terminal = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
    if (terminal < 0) return;
    const winsize size{24, 60, 0, 0};
    ::ioctl(terminal, TIOCSWINSZ, &size);
    works = ::dup2(terminal, STDERR_FILENO) >= 0;
    ::close(terminal);
    ::setenv("TERM", "xterm", 1);
  }
  ~FakeTerminal() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    if (master_ >= 0) ::close(master_);
  }
  FakeTerminal(const FakeTerminal&) = delete;
  FakeTerminal& operator=(const FakeTerminal&) = delete;

  // What was written since the last call. It arrives in its own time, so that we wait for a mark behind it.
  [[nodiscard]] std::string shown() const {
    constexpr std::string_view mark = "<end>";
    if (::write(STDERR_FILENO, mark.data(), mark.size()) < 0) return "cannot write";
    std::string text;
    for (char letter = 0; !text.ends_with(mark);) {
      if (::read(master_, &letter, 1) != 1) return "cannot read";
      text += letter;
    }
    text.resize(text.size() - mark.size());
    return text;
  }

  bool works = false;

 private:
  int saved_;
  int master_;
};

// Longer than a bar waits before it shows.
void wait_until_a_bar_is_due() { std::this_thread::sleep_for(std::chrono::milliseconds(1050)); }

class ProgressBar : public testing::Test {
 protected:
  void TearDown() override { set_verbosity(Verbosity::normal); }
};

TEST_F(ProgressBar, IsDrawnOnATerminalAndErasesItself) {
  const FakeTerminal terminal;
  if (!terminal.works) GTEST_SKIP() << "no pseudo terminals here";
  {
    Progress bar("upscaling", 4, "tiles");
    Progress nested("inside", 2);
    wait_until_a_bar_is_due();
    bar.advance();
    const std::string shown = terminal.shown();
    EXPECT_EQ(shown.rfind("\rupscaling [", 0), 0U) << shown;
    EXPECT_NE(shown.find("25% 1/4 tiles"), std::string::npos) << shown;
    warn("careful");
    EXPECT_EQ(terminal.shown().rfind("\r\x1b[Kmantissa: warning: careful\r\n\rupscaling", 0), 0U);
  }
  EXPECT_EQ(terminal.shown(), "\r\x1b[K");
}

TEST_F(ProgressBar, IsSilentWhenQuietOrNotOnATerminal) {
  {
    const FakeTerminal terminal;
    set_verbosity(Verbosity::quiet);
    Progress bar("upscaling", 4);
    wait_until_a_bar_is_due();
    bar.advance();
    EXPECT_EQ(terminal.shown(), "");
  }
  set_verbosity(Verbosity::normal);
  testing::internal::CaptureStderr();
  {
    Progress bar("upscaling", 4);
    wait_until_a_bar_is_due();
    bar.advance();
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ProgressBar, CountsFromManyThreads) {
  Progress bar("counting", 4000);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&bar] {
      for (int step = 0; step < 1000; ++step) bar.advance();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::string log_at(Verbosity verbosity) {
  set_verbosity(verbosity);
  testing::internal::CaptureStderr();
  warn("one");
  note("two");
  detail("three");
  set_verbosity(Verbosity::normal);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, DependsOnVerbosity) {
  EXPECT_EQ(log_at(Verbosity::quiet), "mantissa: warning: one\n");
  EXPECT_EQ(log_at(Verbosity::normal), "mantissa: warning: one\nmantissa: two\n");
  EXPECT_EQ(log_at(Verbosity::verbose), "mantissa: warning: one\nmantissa: two\nmantissa: three\n");
}

}  // namespace
}  // namespace mantissa::base
