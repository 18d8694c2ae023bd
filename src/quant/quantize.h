// Brings a planned graph into integers: ranges, weights, biases.
#pragma once

#include <map>
#include <utility>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "pass/lower_to_qdq.h"
#include "plan/plan.h"
#include "quant/reconstruct.h"
#include "quant/round_weights.h"
#include "quant/statistics.h"
#include "quant/techniques.h"

namespace mantissa::quant {

// Weights that were rounded before: they do not depend on which other layers stay in float, and rounding them costs
// most of the time.
using WeightCache = std::map<std::pair<ir::NodeId, base::NumberFormat>, RoundedWeights>;

struct QuantizeOptions {
  pass::QdqStyle style = pass::QdqStyle::closed;
  base::NumberFormat activations = base::NumberFormat::uint8;  // or int8, or a float8; float32: weights alone
  WeightGrid weights = {};
  WeightGrid four_bits = {base::NumberFormat::int4, 7, 32};  // of nodes that are int4 in the plan
  int pair_limit = 0;       // of sums of two neighbouring products (quant/pair_sums.h); 0: none
  bool zero_points = true;  // false: of activations, those below zero are int8 instead of uint8, and all have 0
  std::pair<double, double> picture_range = {0, 1};  // black and white in the network's numbers, going in
  std::pair<double, double> output_range = {0, 1};   // and coming out
  Techniques techniques = {};
  const Reconstructions* reconstructions = nullptr;  // that layers are rounded from instead of their own weights
  WeightCache* cache = nullptr;  // read and filled; of this graph, these statistics and this grid only
};

// The graph with the plan's formats, annotated values and weights, and corrected biases; ready for pass::lower_to_qdq.
// `statistics` must hold what plan::values_to_quantize names for the plan or for one with more integer nodes.
[[nodiscard]] Result<ir::Graph> quantize(const ir::Graph& graph, const plan::Plan& plan, const Statistics& statistics,
                                         const QuantizeOptions& options);

}  // namespace mantissa::quant
