// Hazards: what about a network is hard for narrow formats, told from its graph and weights before a picture was seen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::plan {

struct Hazard {
  std::string_view name;                   // stable, for machines: "attention"
  std::vector<std::string_view> variants;  // that it is hard for: "fp16", "int8"
  std::string reason;                      // what is there, and why that is hard; for users
  std::vector<ir::NodeId> nodes;           // where, in the order of execution; never empty
};

// Whether a graph is in narrow formats already, at least in part: what is hard about it is behind it.
[[nodiscard]] bool is_narrow(const ir::Graph& graph);

// What int8 leaves in float is what plan_eight_bits() leaves there, in its words. Errors: those of Tensor::floats.
[[nodiscard]] Result<std::vector<Hazard>> find_hazards(const ir::Graph& graph);

}  // namespace mantissa::plan
