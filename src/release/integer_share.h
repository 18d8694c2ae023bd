// What part of a network's work an engine really computes in integers.
#pragma once

#include "ir/graph.h"
#include "run/provider.h"

namespace mantissa::release {

// Share of the multiply-accumulates of `graph`, 0..1, whose node appears in the engine's optimized graph with an 8-bit
// format. Engines name a fused node after the one it came from and append to it ("body.2_token_3",
// "body.2/WithoutBiases"); nodes without a name are not found.
[[nodiscard]] double integer_share(const ir::Graph& graph, const run::Placement& placement);

}  // namespace mantissa::release
