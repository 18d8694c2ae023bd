// Brings a planned graph into integers: ranges, weights, biases.
#pragma once

#include <utility>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "pass/lower_to_qdq.h"
#include "plan/plan.h"
#include "quant/statistics.h"

namespace mantissa::quant {

struct QuantizeOptions {
  pass::QdqStyle style = pass::QdqStyle::closed;
  int weight_levels = 127;                          // of the target: 63 where products are added in 16 bits
  std::pair<double, double> picture_range = {0, 1};  // black and white in the network's numbers
};

// The graph with the plan's formats, annotated values and weights, and corrected biases; ready for pass::lower_to_qdq.
// `statistics` must hold what plan::values_to_quantize names for the plan or for one with more integer nodes.
[[nodiscard]] Result<ir::Graph> quantize(const ir::Graph& graph, const plan::Plan& plan, const Statistics& statistics,
                                         const QuantizeOptions& options);

}  // namespace mantissa::quant
