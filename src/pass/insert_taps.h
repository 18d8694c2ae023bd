// Lets a provider with `taps` show values to calibration while the graph runs, without keeping them.
#pragma once

#include <span>

#include "ir/graph.h"

namespace mantissa::pass {

// Adds a node mantissa.Tap behind each value; its output, a token of one int64, becomes a graph output after the
// graph's own. `values` in the order of execution.
//   x -> Conv -> y        x -> Conv -> y -> Tap {value="y"} -> y_tap
void insert_taps(ir::Graph& graph, std::span<const ir::ValueId> values);

}  // namespace mantissa::pass
