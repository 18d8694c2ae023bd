// Cross-layer equalization: the channels between two convolutions are scaled so that they share one 8-bit range well.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// Conv -> Relu, LeakyRelu or PRelu -> Conv, each read by the next alone: the activation is positively homogeneous, so
// dividing channel c before it and multiplying the weights that read c by the same number changes nothing in real
// numbers (Nagel et al. 2019, Data-Free Quantization). The first convolution has a scale for each output channel and
// pays nothing for it. Channels are brought near one extent: that of the values before and behind the activation, both
// of which closed chains hold in 8 bits. Changes weights and biases in `graph` and scales `statistics` alike. Returns
// the number of pairs.
[[nodiscard]] Result<int> equalize_layers(ir::Graph& graph, Statistics& statistics);

}  // namespace mantissa::quant
