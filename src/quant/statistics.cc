#include "quant/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "base/threads.h"
#include "pass/insert_taps.h"

namespace mantissa::quant {

void ValueStatistics::add(std::span<const std::int64_t> shape, std::span<const float> elements) {
  const bool is_picture = by_channel && shape.size() == 4;
  const std::size_t count = is_picture ? static_cast<std::size_t>(shape[1]) : 1;
  const std::size_t batches = is_picture ? static_cast<std::size_t>(shape[0]) : 1;
  if (elements.empty()) return;
  if (channels.size() < count) channels.resize(count);
  const std::size_t inner = elements.size() / (count * batches);
  base::parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t batch = 0; batch < batches; ++batch)
      for (std::size_t c = begin; c < end; ++c) channels[c].add(elements.subspan((batch * count + c) * inner, inner));
  });
}

double ValueStatistics::largest_magnitude() const {
  double largest = 0;
  for (const ChannelStatistics& channel : channels)
    largest = std::max({largest, -channel.minimum(), channel.maximum()});
  return largest;
}

std::optional<double> Statistics::largest_magnitude(std::string_view value) const {
  if (const auto entry = values.find(value); entry != values.end()) return entry->second.largest_magnitude();
  if (const auto entry = magnitudes.find(value); entry != magnitudes.end()) return entry->second;
  return std::nullopt;
}

namespace {

// Both kinds of values of the request once each, in the order of execution.
std::vector<ir::ValueId> in_order(const ir::Graph& graph, const StatisticsRequest& request) {
  std::set<ir::ValueId> wanted(request.values.begin(), request.values.end());
  wanted.insert(request.magnitudes.begin(), request.magnitudes.end());
  std::vector<ir::ValueId> ordered;
  const auto take = [&](ir::ValueId value) {
    if (wanted.contains(value)) ordered.push_back(value);
  };
  for (const ir::ValueId input : graph.inputs) take(input);
  for (const ir::NodeId node : graph.sorted())
    for (const ir::ValueId output : graph.node(node).outputs) take(output);
  return ordered;
}

// A picture has as many channels whatever its size.
bool has_channels(const ir::Value& value) {
  return !value.shape || (value.shape->size() == 4 && (*value.shape)[1].size > 0);
}

Error not_finite(std::string_view value) {
  return bad_input("the value " + std::string(value) + " is not finite on the calibration pictures",
                   "Check that its weights are finite, and the range of its input (--range)");
}

}  // namespace

Result<Statistics> calibrate(const ir::Graph& graph, const StatisticsRequest& request, std::span<const Batch> inputs,
                             const Execute& execute, std::uint64_t seed) {
  constexpr double kShareOfPositions = 0.02;
  Statistics statistics;
  for (const ir::ValueId value : request.values)
    statistics.values.emplace(graph.value(value).name, ValueStatistics{{}, has_channels(graph.value(value))});
  for (const ir::ValueId value : request.magnitudes)
    if (!statistics.values.contains(graph.value(value).name)) statistics.magnitudes[graph.value(value).name] = 0;
  std::multimap<std::string, PatchMoments*, std::less<>> readers;  // of a value
  for (const ir::NodeId node : request.convolutions) {
    const auto window = window_of(graph, node);
    if (!window.ok()) continue;
    PatchMoments& moments = statistics.moments.emplace(node, PatchMoments(*window)).first->second;
    readers.emplace(graph.value(graph.node(node).inputs[0]).name, &moments);
  }

  ir::Graph tapped = graph;
  pass::insert_taps(tapped, in_order(graph, request));
  std::mt19937_64 random(seed);
  const Tap tap = [&](std::string_view name, std::span<const std::int64_t> shape, std::span<const float> elements) {
    if (const auto entry = statistics.values.find(name); entry != statistics.values.end())
      entry->second.add(shape, elements);
    else if (const auto magnitude = statistics.magnitudes.find(name); magnitude != statistics.magnitudes.end())
      magnitude->second = std::max(magnitude->second, largest_magnitude_of(elements));
    const auto [first, last] = readers.equal_range(name);
    for (auto reader = first; reader != last; ++reader)
      if (shape.size() == 4) reader->second->add(shape, elements, kShareOfPositions, random);
  };
  MANTISSA_TRY(execute(tapped, inputs, tap, {}));
  for (const auto& [name, observed] : statistics.values) {
    if (observed.channels.empty()) return internal_error("the value " + name + " was not observed");
    for (const ChannelStatistics& channel : observed.channels)
      if (channel.not_finite() > 0) return not_finite(name);
  }
  for (const auto& [name, magnitude] : statistics.magnitudes)
    if (!std::isfinite(magnitude)) return not_finite(name);
  return statistics;
}

}  // namespace mantissa::quant
