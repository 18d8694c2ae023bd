// Turns quantization annotations into QuantizeLinear/DequantizeLinear nodes, in the form that an engine's kernels look
// for.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

enum class QdqStyle {
  // Q/DQ on the way into integer nodes, and behind them for everybody: an integer kernel is found where a node has them
  // on all sides (ONNX Runtime, TensorRT).
  //   x -> Conv -> y          x -> Q -> DQ -> Conv -> Q -> DQ -> y
  closed,
  // Q/DQ only on the way into integer nodes; their results stay float (OpenVINO).
  //   x -> Conv, x -> Add     x -> Q -> DQ -> Conv, x -> Add
  inputs_only,
};

// Integer nodes are those whose format the plan set to an integer, or to a float8, which is treated alike. What comes
// from a float node stays exact for other float nodes in both styles. Constants with an annotation become stored
// numbers with a DequantizeLinear behind them; a value off their grid is rounded. Annotations and integer formats are
// gone afterwards. Errors (internal): an annotation without scales.
[[nodiscard]] Result<void> lower_to_qdq(ir::Graph& graph, QdqStyle style);

}  // namespace mantissa::pass
