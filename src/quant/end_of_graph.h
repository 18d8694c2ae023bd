// The end of a network, where the picture is put together.
#pragma once

#include <set>

#include "ir/graph.h"

namespace mantissa::quant {

// The values from which the output is made by nothing but moves, sums and clipping: they carry the picture's black and
// white.
[[nodiscard]] std::set<ir::ValueId> values_at_the_end(const ir::Graph& graph);

}  // namespace mantissa::quant
