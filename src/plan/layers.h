// Layers: nodes that multiply what comes in with weights.
#pragma once

#include "ir/graph.h"

namespace mantissa::plan {

// Whether input 1 of the node is what it multiplies with: Conv, ConvTranspose (of one group), MatMul, Gemm.
[[nodiscard]] bool has_weights(const ir::Node& node);
// Whether its bias, input 2, is there but no constant, so that it cannot be changed.
[[nodiscard]] bool has_computed_bias(const ir::Graph& graph, ir::NodeId node);
// The dimension of its constant weights that counts output channels.
[[nodiscard]] int output_axis(const ir::Graph& graph, ir::NodeId node);

}  // namespace mantissa::plan
