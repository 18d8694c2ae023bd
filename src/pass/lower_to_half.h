// Turns node formats float16 and bfloat16 into tensor types and casts.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Nodes whose format is float16 or bfloat16 compute in it, all others in float32; constants are stored in the format of
// who reads them; a Cast stands where two formats meet, once per value. The network's own casts to float32 become casts
// to the format of their node, or go where nothing is left to cast. The graph's inputs and outputs stay float32.
//   x -> Conv -> Relu -> y        x -> Cast -> Conv -> Relu -> Cast -> y
// Value formats must be known (format::read_onnx infers them). Errors (internal): a value whose format is unknown.
[[nodiscard]] Result<void> lower_to_half(ir::Graph& graph);

// Whether an input of an operator is float32 whatever the node computes in (the scales of Resize).
[[nodiscard]] bool is_always_float32(std::string_view op, std::size_t input);

}  // namespace mantissa::pass
