// Statistics: what calibration observed about each value.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/execute.h"
#include "quant/histogram.h"
#include "quant/patch_moments.h"

namespace mantissa::quant {

struct ValueStatistics {
  // Of [batch, channels, height, width] one for each channel. One for values of another rank, and where the graph does
  // not fix the second axis: it may be the pixels of a picture, and as many histograms take more memory than the picture.
  std::vector<ChannelStatistics> channels;
  bool by_channel = true;  // false: one, whatever the rank

  void add(std::span<const std::int64_t> shape, std::span<const float> elements);
  [[nodiscard]] Histogram histogram() const { return Histogram(channels); }
  [[nodiscard]] double largest_magnitude() const;
};

struct Statistics {
  std::map<std::string, ValueStatistics, std::less<>> values;  // by the value's name in the graph
  std::map<std::string, double, std::less<>> magnitudes;       // the largest of values that are only to be held
  std::map<ir::NodeId, PatchMoments> moments;                  // of what a convolution sees

  // Of a value that was observed in either way.
  [[nodiscard]] std::optional<double> largest_magnitude(std::string_view value) const;
};

// What the algorithms that come later need: one pass gathers the union.
struct StatisticsRequest {
  std::vector<ir::ValueId> values;       // graph inputs can be observed too
  std::vector<ir::ValueId> magnitudes;   // of which the largest magnitude is enough
  std::vector<ir::NodeId> convolutions;  // whose patches are sampled; those that window_of refuses are left out
};

// One pass of the network over `inputs`. Memory is that of one input, 2 kB a channel of `values`, and 4 bytes times the
// square of a patch a convolution. The sampled positions depend on `seed` alone. Errors: those of `execute`;
// (bad_input): a value that is not finite on calibration pictures, by name.
[[nodiscard]] Result<Statistics> calibrate(const ir::Graph& graph, const StatisticsRequest& request,
                                           std::span<const Batch> inputs, const Execute& execute, std::uint64_t seed);

}  // namespace mantissa::quant
