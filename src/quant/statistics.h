// Statistics: what calibration observed about each value.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/execute.h"
#include "quant/histogram.h"

namespace mantissa::quant {

struct ValueStatistics {
  Histogram histogram;
  std::vector<double> channel_sums;  // along axis 1; empty for values of fewer than two dimensions
  double elements_per_channel = 0;

  [[nodiscard]] double channel_mean(std::size_t channel) const { return channel_sums[channel] / elements_per_channel; }
  void add(std::span<const std::int64_t> shape, std::span<const float> elements);
};

// By the value's name in the graph.
using Statistics = std::map<std::string, ValueStatistics, std::less<>>;

// One pass of the network over `inputs`; memory is that of one input and a histogram a value. Graph inputs can be observed too.
// Errors: those of `execute`; (bad_input): a value that is not finite on calibration pictures, by name.
[[nodiscard]] Result<Statistics> calibrate(const ir::Graph& graph, std::span<const ir::ValueId> values, std::span<const Batch> inputs,
                                           const Execute& execute);

}  // namespace mantissa::quant
