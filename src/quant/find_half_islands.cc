#include "quant/find_half_islands.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/numbers.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::ValueId;

constexpr double kMargin = 2;

bool is_half(NumberFormat format) { return format == NumberFormat::float16 || format == NumberFormat::bfloat16; }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

double largest_magnitude(const std::vector<float>& values) {
  double largest = 0;
  for (const float v : values) largest = std::max(largest, std::fabs(static_cast<double>(v)));
  return largest;
}

}  // namespace

std::vector<ValueId> values_to_watch(const Graph& graph, const plan::Plan& plan) {
  std::vector<ValueId> values;
  for (const plan::Choice& choice : plan.choices) {
    if (!is_half(choice.format)) continue;
    for (const ValueId output : graph.node(choice.node).outputs)
      if (output != ir::kNoValue && graph.value(output).format == NumberFormat::float32) values.push_back(output);
  }
  return values;
}

Result<void> find_half_islands(const Graph& graph, plan::Plan& plan, const Statistics& statistics) {
  std::set<ValueId> too_large;
  std::vector<std::pair<ir::NodeId, std::string>> islands;
  for (const plan::Choice& choice : plan.choices) {
    if (!is_half(choice.format)) continue;
    const double limit = static_cast<double>(base::largest_of(choice.format)) / kMargin;
    std::string reason;
    for (const ValueId input : graph.node(choice.node).inputs) {
      if (input == ir::kNoValue) continue;
      if (too_large.contains(input))
        reason = "reads " + graph.value(input).name + ", which is too large for the format";
      if (!graph.value(input).constant || graph.value(input).format != NumberFormat::float32) continue;
      MANTISSA_ASSIGN(const std::vector<float> reals, graph.value(input).constant->floats());
      if (const double largest = largest_magnitude(reals); largest > limit)
        reason = "its constant " + graph.value(input).name + " reaches " + number(largest);
    }
    for (const ValueId output : graph.node(choice.node).outputs) {
      if (output == ir::kNoValue) continue;
      const auto entry = statistics.values.find(graph.value(output).name);
      if (entry == statistics.values.end()) continue;
      const double largest = entry->second.largest_magnitude();
      if (largest <= limit) continue;
      too_large.insert(output);
      reason = "its result reaches " + number(largest) + " on calibration pictures";
    }
    if (!reason.empty()) islands.emplace_back(choice.node, reason);
  }
  for (auto& [node, reason] : islands) plan.refuse(node, NumberFormat::float32, std::move(reason));
  return {};
}

}  // namespace mantissa::quant
