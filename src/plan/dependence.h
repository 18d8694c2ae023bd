// What the results of nodes depend on besides constants.
#pragma once

#include <set>
#include <vector>

#include "ir/graph.h"

namespace mantissa::plan {

struct Dependence {
  std::set<ir::NodeId> on_picture;  // on what is in it
  std::set<ir::NodeId> on_sizes;    // on sizes, of it or of another value
};

// `sorted`: the graph's nodes in the order of execution.
[[nodiscard]] Dependence dependence(const ir::Graph& graph, const std::vector<ir::NodeId>& sorted);

}  // namespace mantissa::plan
