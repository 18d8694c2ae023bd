// The weights of a graph that a weight-only variant holds in integers, and those that stay as they are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "plan/layers.h"

namespace mantissa::quant {

using plan::has_computed_bias;
using plan::has_weights;
using plan::output_axis;

// How the integers become weights again.
enum class WeightOperator {
  dequantize,   // DequantizeLinear of ONNX in front of the node
  matmulnbits,  // ONNX Runtime's com.microsoft::MatMulNBits in place of MatMul; other nodes: dequantize
};

struct WeightOptions {
  base::NumberFormat format = base::NumberFormat::int8;  // or int4
  // Weights of one output that share a scale, along what it sums over; even. For int4 and for MatMulNBits: int8 with
  // DequantizeLinear has one scale for each output.
  std::size_t block = 32;
  WeightOperator form = WeightOperator::dequantize;
};

// A weight as a matrix of `inputs` (what an output sums over) by `outputs`.
struct WeightLayer {
  ir::NodeId node = ir::kNoNode;
  ir::ValueId weight = ir::kNoValue;  // input 1 of the node, and read by nothing else
  base::NumberFormat format = base::NumberFormat::int8;
  WeightOperator form = WeightOperator::dequantize;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  bool outputs_first = false;  // the weights of an output lie together (Conv, Gemm with transB); else those of an input
  std::size_t block = 0;       // along the inputs; `inputs` for a scale for each output

  [[nodiscard]] std::size_t blocks() const { return (inputs + block - 1) / block; }
};

// Constants that are left alone.
struct StayedWeights {
  std::string reason;  // "small", "shared", ...
  std::size_t tensors = 0;
  std::uint64_t bytes = 0;
};

struct FoundWeights {
  std::vector<WeightLayer> layers;    // in the order of the graph's constants
  std::vector<StayedWeights> stayed;  // by reason
};
[[nodiscard]] FoundWeights find_weights(const ir::Graph& graph, const WeightOptions& options);

}  // namespace mantissa::quant
