// Weight-only variants: the weights of a graph become integers, streamed from where they lie to where they go.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/weight_layers.h"
#include "release/weight_store.h"

namespace mantissa::release {

struct StoredTotals {
  std::size_t tensors = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;  // integers and scales
  std::vector<quant::StayedWeights> stayed;
};

// Puts the integers and scales of each layer into the store, and changes the graph to read them from there.
// Constants that stay as they are and are not small go there too. Reading, quantizing and writing go on at the same
// time; memory does not depend on the size of the network, but for what one output sums over.
// Errors: (bad_input) weights that are NaN or infinite, naming the tensor; of the store; (interrupted).
[[nodiscard]] Result<StoredTotals> store_weights(ir::Graph& graph, const quant::WeightOptions& options,
                                                 WeightStore& store);

}  // namespace mantissa::release
