// A program of ours in a process of its own: what it does to itself happens to nobody else.
#pragma once

#include <string>
#include <vector>

namespace mantissa::run {

struct ChildResult {
  int exit_code = -1;
  std::string output;   // its standard output, at most 64 kB of it
  std::string problem;  // one sentence where it did not end by itself: a signal, too long, no such program
};

// Runs `words` (the program's path first) without input, and its standard error to nowhere; ends it after `seconds`,
// or when the user interrupts.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& words, double seconds);

}  // namespace mantissa::run
