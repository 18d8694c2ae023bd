// Kernels without VNNI multiply u8 activations with s8 weights and add two neighbouring products in 16 bits before they
// go on in 32: a pair that does not fit saturates, and the picture breaks. How far a pair can go depends on both
// weights and on what their two activations reach.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quant/histogram.h"

namespace mantissa::quant {

// What a channel of a layer's input reaches, as stored: 0..255, zero point included.
struct Reach {
  float lowest = 0;
  float highest = 255;
};

// Of an input that is stored as x / scale + zero_point, from what calibration saw and a margin beyond it, since other
// pictures go further.
[[nodiscard]] Reach reach_of(const ChannelStatistics& channel, float scale, int zero_point);

// The bound for one layer.
struct PairLimit {
  float largest = 0;          // the magnitude that a sum of two products may have: 32767
  std::vector<Reach> inputs;  // of each input channel
};

// `weights`: those of one output channel, in steps of its scale, [inputs][taps] row by row; `first`: the input channel
// that the first row reads. Neighbours are what a kernel may lay side by side: two input channels of one tap, whichever
// of them comes first in a pair, and where a tap's channels end the first of the next tap.
// Largest magnitude that the sum of two neighbouring products reaches; each weight may be off by `slack` steps.
[[nodiscard]] float largest_pair_sum(std::span<const float> weights, std::size_t taps, std::size_t first,
                                     const PairLimit& limit, float slack = 0);

}  // namespace mantissa::quant
