// What half precision cannot hold, found in the weights and on calibration pictures, stays float32.
#pragma once

#include "ir/graph.h"
#include "plan/plan.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// The values whose magnitude find_half_islands needs: the float inputs of the network and every float result of a
// planned node.
[[nodiscard]] std::vector<ir::ValueId> values_to_watch(const ir::Graph& graph, const plan::Plan& plan);

// Puts back to float32, each with its reason, and as few as that takes:
// - nodes whose result, or whose constants, come within a factor of two of the largest number of the format
//   (calibration has not seen every picture), and the nodes that read such a result;
// - likewise nodes whose whole result lies below the format's normal numbers, where it loses digits;
// - layers with weights that lose more than rounding does because they lie there, by the relative error of the weights
//   of an output channel; channels that are next to nothing beside the largest do not count;
// - nodes whose constant keeps a result from zero (the epsilon of a normalization) and would itself become zero, with
//   the nodes that read the result;
// - single nodes between two such islands: they would cost two casts.
// Linear in the size of the graph. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> find_half_islands(const ir::Graph& graph, plan::Plan& plan, const Statistics& statistics);

}  // namespace mantissa::quant
