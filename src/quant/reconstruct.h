// Layers set anew against what they really see: in the quantized network, behind the errors of those before them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "pass/lower_to_qdq.h"
#include "quant/execute.h"
#include "quant/patch_moments.h"

namespace mantissa::quant {

// What a layer's weights are to be rounded from, and what they see.
struct Reconstruction {
  ir::Tensor weights;
  std::vector<float> bias;
  PatchMoments moments;
};
using Reconstructions = std::map<ir::NodeId, Reconstruction>;

// One network twice, with the same nodes.
struct Twins {
  ir::Graph exact;      // in float
  ir::Graph quantized;  // ready for pass::lower_to_qdq in that style
  pass::QdqStyle style;
};

struct ReconstructOptions {
  std::uint64_t seed = 1;                     // of the positions that are looked at
  std::chrono::duration<double> budget{120};  // when it is spent, layers further on stay as they are
};

// Least squares of what the float network computes over what a layer sees in the quantized one. A layer behind which
// something is added (a residual) is compared there, so that it makes up for errors of the stream too. One block of
// neighbouring layers after the other, each with those before it set already (as in BRECQ, Li et al. 2021, but solved
// in closed form instead of by gradients, and with weights free instead of their rounding, which follows: GPTAQ, Li et
// al. 2025, corrects so for the inputs of single layers). How far the weights move is decided on inputs that the
// solution has not seen; a layer that gains nothing stays as it is.
//
// `layers`: convolutions in the order of execution; those that window_of refuses are left out. `execute`: on a provider
// with taps. `make` gives the twins with what is found so far.
// Memory: one input's values; of each layer of a block a fifth of its outputs for all inputs, and 8 bytes times the
// square of its patch and output channels together.
[[nodiscard]] Result<Reconstructions> reconstruct(const std::vector<ir::NodeId>& layers,
                                                  const std::function<Result<Twins>(const Reconstructions&)>& make,
                                                  std::span<const Batch> inputs, const Execute& execute,
                                                  const ReconstructOptions& options);

}  // namespace mantissa::quant
