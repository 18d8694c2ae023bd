// Cross-layer equalization: the channels between two convolutions are scaled so that they share one 8-bit range well.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"
#include "pass/lower_to_qdq.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// Conv -> Relu or LeakyRelu -> Conv, each read by the next alone: the activation is positively homogeneous, so dividing
// channel c before it and multiplying the weights that read c by the same number changes nothing in real numbers (Nagel
// et al. 2019, Data-Free Quantization). The first convolution has a scale for each output channel and pays nothing for
// it. Channels are brought near one extent: that of the value between activation and second convolution and, in the
// closed style, of the one before the activation, which is held in 8 bits there too. Changes weights and biases in
// `graph` and scales `statistics` alike. Returns the number of pairs.
[[nodiscard]] Result<int> equalize_layers(ir::Graph& graph, Statistics& statistics, pass::QdqStyle style);

}  // namespace mantissa::quant
