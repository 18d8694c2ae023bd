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
#include "quant/patch_moments.h"

namespace mantissa::quant {

struct ValueStatistics {
  std::vector<ChannelStatistics> channels;  // along axis 1; one for values of fewer than two dimensions

  void add(std::span<const std::int64_t> shape, std::span<const float> elements);
  [[nodiscard]] Histogram histogram() const { return Histogram(channels); }
  [[nodiscard]] double largest_magnitude() const;
};

struct Statistics {
  std::map<std::string, ValueStatistics, std::less<>> values;  // by the value's name in the graph
  std::map<ir::NodeId, PatchMoments> moments;                  // of what a convolution sees
};

// What the algorithms that come later need: one pass gathers the union.
struct StatisticsRequest {
  std::vector<ir::ValueId> values;       // in the order of execution; graph inputs can be observed too
  std::vector<ir::NodeId> convolutions;  // whose patches are sampled; those that window_of refuses are left out
};

// One pass of the network over `inputs`. Memory is that of one input, 2 kB a channel, and 4 bytes times the square of a
// patch a convolution. The sampled positions depend on `seed` alone. Errors: those of `execute`; (bad_input): a value
// that is not finite on calibration pictures, by name.
[[nodiscard]] Result<Statistics> calibrate(const ir::Graph& graph, const StatisticsRequest& request,
                                           std::span<const Batch> inputs, const Execute& execute, std::uint64_t seed);

}  // namespace mantissa::quant
