// Rounded weights shift the mean of what they compute; the bias can take the shift back.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// For a convolution whose weights were `before` and are rounded now: subtracts from each output channel the mean of its
// error, sum over inputs of (rounded - before) * mean of the input, as Nagel et al. 2019 (Data-Free Quantization) with
// observed instead of derived means. A convolution without a bias gets one. Padding, where the mean differs, is left
// out of account.
[[nodiscard]] Result<void> correct_bias(ir::Graph& graph, ir::NodeId convolution, const std::vector<float>& before,
                                        const ValueStatistics& input);

}  // namespace mantissa::quant
