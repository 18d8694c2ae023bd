// Values that half precision cannot hold, found on calibration pictures, stay float32.
#pragma once

#include "ir/graph.h"
#include "plan/plan.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// The values whose statistics find_half_islands needs: every float result of a planned node.
[[nodiscard]] std::vector<ir::ValueId> values_to_watch(const ir::Graph& graph, const plan::Plan& plan);

// Puts back to float32, with the reason: nodes whose result, or whose constants, come within a factor of two of the
// largest number of the format (calibration has not seen every picture), and the nodes that read such a result.
[[nodiscard]] Result<void> find_half_islands(const ir::Graph& graph, plan::Plan& plan, const Statistics& statistics);

}  // namespace mantissa::quant
