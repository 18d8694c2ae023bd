// Which dictionary of a checkpoint holds the weights: training scripts wrap them in several ways,
// next to optimizer state.
#pragma once

#include <string>
#include <vector>

#include "format/pickle.h"

namespace mantissa::format {

struct ChosenWeights {
  std::vector<std::string> wrappers;  // keys around the dictionary, outermost first
  const PickleDict* dict = nullptr;
};

// The dictionary from names to tensors: under a known wrapper ("params_ema" first), else the pickle itself, else the
// only other one that is there. Optimizer state is never taken.
// Errors (bad_input): no such dictionary, or several with nothing to tell them apart (named).
[[nodiscard]] Result<ChosenWeights> choose_weights(const Pickle& pickle);

}  // namespace mantissa::format
