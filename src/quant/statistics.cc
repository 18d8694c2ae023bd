#include "quant/statistics.h"

#include <numeric>

#include "base/threads.h"
#include "pass/insert_taps.h"

namespace mantissa::quant {
namespace {

// Four partial sums let the compiler keep a vector of them.
double sum(std::span<const float> values) {
  constexpr std::size_t kBlock = 4096;  // short enough for float sums, which are then added in double
  double total = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    float lanes[16] = {};
    std::size_t i = 0;
    for (; i + 16 <= block.size(); i += 16)
      for (std::size_t lane = 0; lane < 16; ++lane) lanes[lane] += block[i + lane];
    for (; i < block.size(); ++i) lanes[i % 16] += block[i];
    total += std::accumulate(std::begin(lanes), std::end(lanes), 0.0);
  }
  return total;
}

}  // namespace

void ValueStatistics::add(std::span<const std::int64_t> shape, std::span<const float> elements) {
  histogram.add(elements);
  if (shape.size() < 2) return;
  const auto channels = static_cast<std::size_t>(shape[1]);
  const std::size_t rows = static_cast<std::size_t>(shape[0]) * channels;
  if (rows == 0) return;
  channel_sums.resize(channels, 0.0);
  const std::size_t inner = elements.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) channel_sums[row % channels] += sum(elements.subspan(row * inner, inner));
  elements_per_channel += static_cast<double>(inner) * static_cast<double>(shape[0]);
}

Result<Statistics> calibrate(const ir::Graph& graph, std::span<const ir::ValueId> values, std::span<const Batch> inputs,
                             const Execute& execute) {
  ir::Graph tapped = graph;
  pass::insert_taps(tapped, values);
  Statistics statistics;
  for (const ir::ValueId value : values) statistics.emplace(graph.value(value).name, ValueStatistics{});
  const Tap tap = [&](std::string_view name, std::span<const std::int64_t> shape, std::span<const float> elements) {
    if (const auto entry = statistics.find(name); entry != statistics.end()) entry->second.add(shape, elements);
  };
  MANTISSA_TRY(execute(tapped, inputs, tap, {}));
  for (const auto& [name, observed] : statistics) {
    if (observed.histogram.not_finite() > 0)
      return bad_input("the value " + name + " is not finite on the calibration pictures", "Check the range of the network's input (--range)");
    if (observed.histogram.count() == 0) return internal_error("the value " + name + " was not observed");
  }
  return statistics;
}

}  // namespace mantissa::quant
