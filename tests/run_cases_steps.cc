#include "run_cases.h"

namespace mantissa::cases {
namespace {

struct Row {
  std::string_view name;
  Step step;
};

// "pass <name>" for a graph rewrite; other steps have names of their own.
constexpr Row rows[] = {
    {"erase_unused",
     [](ir::Graph& graph, std::string_view) -> Result<void> { return graph.erase_unused(), Result<void>(); }},
};

}  // namespace

Step step_named(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.step;
  }
  return nullptr;
}

}  // namespace mantissa::cases
