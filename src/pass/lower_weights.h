// Weights that are stored as integers become weights again: on the way into their node, or inside of it.
#pragma once

#include "ir/graph.h"

namespace mantissa::pass {

struct StoredWeights {
  ir::Tensor levels;       // of int8 or int4
  ir::Tensor scales;       // of the weights' format
  std::int64_t block = 0;  // weights along `axis` that share a scale; 0: a scale for each index of `axis`
  std::int64_t axis = 0;
};

// The constant at input 1 of the node, which no other node reads. DequantizeLinear, and Reshape where the levels have
// another shape than the weights (a convolution's, with blocks along all that an output sums over):
//   w -> Conv               levels, scales -> DequantizeLinear -> Reshape -> Conv
void dequantize_weights(ir::Graph& graph, ir::NodeId node, StoredWeights stored);

// The same for a MatMul of ONNX Runtime's own, which takes the levels themselves:
//   x, w -> MatMul          x, levels, scales -> com.microsoft::MatMulNBits
// `inputs` x `outputs`: the shape of the weights. `bits`: 4 or 8; levels are unsigned, their zero point in the middle.
struct NBitsWeights {
  ir::Tensor levels;  // uint8[outputs, blocks, block * bits / 8]
  ir::Tensor scales;  // [outputs, blocks]
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::int64_t bits = 4;
  std::int64_t block = 32;
};
void use_matmulnbits(ir::Graph& graph, ir::NodeId node, NBitsWeights stored);

}  // namespace mantissa::pass
