// A scale for each channel of an activation, at no cost in the kernel.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"
#include "pass/lower_to_qdq.h"
#include "quant/statistics.h"

namespace mantissa::quant {

// Integer kernels take one scale for all channels of an activation, and a channel ten times narrower than the widest
// keeps less than five bits of eight. But what quantizes a float value multiplies anyway, what turns integers into
// floats does so too, and a convolution has a scale for each output channel: each of them can take a factor for each
// channel on the way, if the weights that read the channel are divided by it. This is SmoothQuant (Xiao et al. 2023)
// with the factors in the quantization instead of the layer before, so that any graph will do. Between one scale for
// all and full use of the range by each channel, the power is taken that leaves the least expected error of activations
// and weights together.
//
// Inserts a Mul by a constant [channels, 1, 1] between a value and the convolutions with constant weights that read it,
// whose weights change; behind a convolution in the closed style, whose result is held in integers for everybody, also
// another Mul by the inverse on the way to all other readers. In real numbers the graph computes the same. `statistics`
// are scaled alike and get those of the products. Left alone: the network's inputs, and in the closed style what
// engines compute on integers with one scale for all. `zero_points`: as in QuantizeOptions. Returns the number of
// values.
[[nodiscard]] Result<int> scale_channels(ir::Graph& graph, Statistics& statistics, pass::QdqStyle style,
                                         bool zero_points = true);

// With the formats of a plan in the graph: products behind integer convolutions go into their weights, and those around
// convolutions that are float vanish. What is left stands in front of quantization, where pass::lower_to_qdq takes it
// up.
[[nodiscard]] Result<void> settle_channel_scales(ir::Graph& graph, const Statistics& statistics, pass::QdqStyle style);

}  // namespace mantissa::quant
