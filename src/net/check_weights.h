// Weights that are no numbers, as a training that diverged leaves them, and convolutions that do not fit the channels that
// reach them: found before any work is done with them.
#pragma once

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::net {

// Errors (bad_input): an element that is NaN, or infinite where `infinity_too`.
[[nodiscard]] Result<void> check_numbers(const ir::Tensor& tensor, bool infinity_too);

// Errors (bad_input): a constant that holds NaN, or infinity where a layer multiplies or adds it; elsewhere, as in a
// mask, infinity has its use; a convolution whose constant weight or bias has other channels than reach it.
[[nodiscard]] Result<void> check_weights(const ir::Graph& graph);

}  // namespace mantissa::net
