// Text cases: a graph, what is done to it, and what must come out, in one readable file under tests/cases/.
//
//   # Why this case is here.
//   --- graph                 the IR's text form (src/ir/text.h), or
//   --- onnx                  ONNX's text form, written to a file and read
//   ...
//   --- pass eliminate_identity    any number of steps, from the table in run_cases_steps.cc;
//                                  the rest of the line is theirs
//   --- expect
//   ...                       the graph in the text form, or "error bad_input: ...", the message of the first failure
//
// A graph is verified after it was read and after every step. `--update` rewrites what stands after `--- expect`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::cases {

struct Section {
  std::string title;  // "pass fold_constants"
  std::string body;
};
struct Case {
  std::string about;  // everything before the first section
  std::vector<Section> sections;
};

// Whether what is expected is to be rewritten.
extern bool update;

// Errors (bad_input): no input, no or several expectations, text behind the expectation.
[[nodiscard]] Result<Case> parse_case(std::string_view text);
[[nodiscard]] std::string print_case(const Case& written);

// A step changes the graph, and may take options from the rest of its line.
using Step = Result<void> (*)(ir::Graph& graph, std::string_view options);
// nullptr where no step has this name.
[[nodiscard]] Step step_named(std::string_view name);

// What must stand after `--- expect`.
[[nodiscard]] std::string outcome(const Case& written);

}  // namespace mantissa::cases
