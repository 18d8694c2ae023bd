// Layers that have several branches while they are trained, and are one convolution for whoever uses the network:
// checkpoints of either form become the same network.
#pragma once

#include "ir/state_dict.h"
#include "mantissa/result.h"

namespace mantissa::net {

// Replaces the branches of each such layer by one weight and one bias, computed in double. Known are
//
//   RepVGG   arXiv:2101.03697, rbr_dense, rbr_1x1, rbr_identity, each with batch normalization: becomes <layer> itself
//   ECB      of ECBSR, doi:10.1145/3474085.3475291, conv3x3 beside four sequences conv1x1_*: becomes <layer>.conv3x3
//   Conv3XC  of SPAN, arXiv:2311.12770, sk beside conv.0, conv.1, conv.2: becomes <layer>.eval_conv, whatever that holds
//
// Each convolution keeps the size of the picture. Where a 1x1 convolution comes before a wider one, their authors pad
// before it, or with its bias, so that the merged convolution is right at the edges too. Other tensors stay as they
// are, and so does a state dict without such layers.
// Errors (bad_input): tensors of a branch are missing, unsound or do not fit.
[[nodiscard]] Result<ir::StateDict> merge_branches(const ir::StateDict& state);

}  // namespace mantissa::net
