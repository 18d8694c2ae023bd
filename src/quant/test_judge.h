// For tests: a network whose layers add independent squared errors; a layer in float adds none.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "quant/measure_layers.h"

namespace mantissa::quant {

struct FakeJudge {
  std::vector<double> errors;
  double allowed = 1;  // squared error
  int calls = 0;

  Result<Loss> operator()(const std::vector<ir::NodeId>& in_float, Effort) {
    ++calls;
    double total = 1e-6;
    for (std::size_t i = 0; i < errors.size(); ++i)
      if (std::find(in_float.begin(), in_float.end(), ir::NodeId(i)) == in_float.end()) total += errors[i];
    return Loss{-10 * std::log10(total), {total / allowed}};
  }
};

inline std::vector<Layer> layers_of(const std::vector<double>& macs) {
  std::vector<Layer> result;
  for (std::size_t i = 0; i < macs.size(); ++i) result.push_back({ir::NodeId(i), macs[i]});
  return result;
}

}  // namespace mantissa::quant
