// A progress bar on a terminal for work of over a second; silent elsewhere. And the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace mantissa::base {

enum class Verbosity { quiet, normal, verbose };
void set_verbosity(Verbosity verbosity);
[[nodiscard]] Verbosity verbosity();

// To standard error, never to standard output: "mantissa: warning: ..." note() is silent with -q, detail() shows with
// -v only, warn() and complain(), which tells what has failed, always show. An open bar is redrawn below. Control
// characters in the text become '?'.
void complain(std::string_view text);
void warn(std::string_view text);
void note(std::string_view text);
void detail(std::string_view text);

// Shown on standard error when that is a terminal, verbosity is not quiet, and the work has lasted a second.
// Thread-safe. Drawn by advance(), at most ten times a second; of nested ones the outermost.
class Progress {
 public:
  // `total` steps of something, "tiles" say; 0 when unknown.
  Progress(std::string title, std::int64_t total, std::string unit = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::int64_t steps = 1);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mantissa::base
