#include "pass/fuse_prelu.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// Of a value that is a line through the origin on either side of x = 0: its slopes there, one or one for each channel.
struct Slopes {
  std::vector<double> positive;
  std::vector<double> negative;
};

template <class Function>
std::optional<std::vector<double>> each(const std::vector<double>& a, const std::vector<double>& b, Function&& f) {
  const std::size_t count = std::max(a.size(), b.size());
  if ((a.size() != 1 && a.size() != count) || (b.size() != 1 && b.size() != count)) return std::nullopt;
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = f(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
  return result;
}

// The function of two values, given as f(slope, slope, sign of x): what it makes of lines.
template <class Function>
std::optional<Slopes> combine(const std::optional<Slopes>& a, const std::optional<Slopes>& b, Function&& f) {
  if (!a || !b) return std::nullopt;
  auto positive = each(a->positive, b->positive, [&](double s, double t) { return f(s, t, 1.0); });
  auto negative = each(a->negative, b->negative, [&](double s, double t) { return f(s, t, -1.0); });
  if (!positive || !negative) return std::nullopt;
  return Slopes{*std::move(positive), *std::move(negative)};
}

// Follows values back to x.
class Follower {
 public:
  Follower(const Graph& graph, ValueId x) : graph_(graph), x_(x) {}

  std::optional<Slopes> slopes(ValueId id, int depth = 0) {
    constexpr int kDeepest = 6;  // the longest spelling known has five nodes in a row
    constexpr std::size_t kMost = 32;
    if (id == x_) return Slopes{{1}, {1}};
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const NodeId node = id == ir::kNoValue ? ir::kNoNode : graph_.value(id).producer;
    if (node == ir::kNoNode || depth == kDeepest || known_.size() == kMost) return std::nullopt;
    auto found = slopes_of(node, depth + 1);
    known_[id] = found;
    return found;
  }

 private:
  std::optional<Slopes> slopes_of(NodeId id, int depth) {
    const ir::Node& node = graph_.node(id);
    if (!node.domain.empty() || node.inputs.empty()) return std::nullopt;
    const auto input = [&](std::size_t i) { return slopes(node.inputs[i], depth); };
    if (node.inputs.size() == 1) {
      const auto a = node.op == "Relu" || node.op == "Abs" || node.op == "Neg" ? input(0) : std::nullopt;
      return combine(a, a, [&](double slope, double, double sign) {
        if (node.op == "Neg") return -slope;
        const double value = slope * sign;
        return node.op == "Relu" ? std::max(value, 0.0) * sign : std::abs(value) * sign;
      });
    }
    if (node.inputs.size() != 2) return std::nullopt;
    if (node.op == "Add") return combine(input(0), input(1), [](double a, double b, double) { return a + b; });
    if (node.op == "Sub") return combine(input(0), input(1), [](double a, double b, double) { return a - b; });
    if (node.op == "Max")
      return combine(input(0), input(1), [](double a, double b, double s) { return std::max(a * s, b * s) * s; });
    if (node.op == "Min")
      return combine(input(0), input(1), [](double a, double b, double s) { return std::min(a * s, b * s) * s; });
    if (node.op != "Mul") return std::nullopt;
    const std::size_t constant = graph_.constant_input(id, 0) != nullptr ? 0 : 1;
    const auto factor = numbers(id, constant);
    if (!factor) return std::nullopt;
    return combine(input(1 - constant), factor, [](double a, double b, double) { return a * b; });
  }

  // A constant as slopes: one number, or [channels, 1, 1].
  [[nodiscard]] std::optional<Slopes> numbers(NodeId node, std::size_t index) const {
    const ir::Tensor* const tensor = graph_.constant_input(node, index);
    if (tensor == nullptr || tensor->format != base::NumberFormat::float32) return std::nullopt;
    const std::size_t rank = tensor->shape.size();
    const bool by_channel = (rank == 3 || rank == 4) && tensor->shape[rank - 3] == tensor->count();
    if (rank > 4 || (tensor->count() != 1 && !by_channel)) return std::nullopt;
    const auto floats = tensor->floats();
    if (!floats.ok()) return std::nullopt;
    const std::vector<double> values(floats->begin(), floats->end());
    return Slopes{values, values};
  }

  const Graph& graph_;
  ValueId x_;
  std::map<ValueId, std::optional<Slopes>> known_;
};

// What a spelled PReLU may be one of: what goes into the operators before `node` that bend, and into itself.
std::vector<ValueId> candidates(const Graph& graph, NodeId node) {
  constexpr std::size_t kMostNodes = 16, kMost = 4;
  std::vector<ValueId> found;
  const auto add = [&](ValueId id) {
    if (id == ir::kNoValue || graph.value(id).constant || found.size() == kMost) return;
    if (std::find(found.begin(), found.end(), id) == found.end()) found.push_back(id);
  };
  std::vector<NodeId> near{node};
  for (std::size_t i = 0; i < near.size() && near.size() < kMostNodes; ++i)
    for (const ValueId input : graph.node(near[i]).inputs) {
      if (input == ir::kNoValue || graph.value(input).producer == ir::kNoNode) continue;
      const ir::Node& before = graph.node(graph.value(input).producer);
      near.push_back(graph.value(input).producer);
      if (before.op == "Relu" || before.op == "Abs") add(before.inputs[0]);
    }
  for (const ValueId input : graph.node(node).inputs) add(input);
  return found;
}

// The slope over negative x of a node that is x itself where x is positive; nullopt for any other.
std::optional<std::vector<float>> slope_of(const Graph& graph, NodeId node, ValueId x) {
  const auto slopes = Follower(graph, x).slopes(graph.node(node).outputs[0]);
  if (!slopes) return std::nullopt;
  constexpr double kAccuracy = 1.0 / (1 << 22);  // two units of float32's last place at 1
  for (const double slope : slopes->positive)
    if (!(std::abs(slope - 1) <= kAccuracy)) return std::nullopt;
  const auto bends = [](double slope) { return std::isfinite(slope) && slope != 1; };
  if (!std::any_of(slopes->negative.begin(), slopes->negative.end(), bends)) return std::nullopt;
  // Constants by channel may have spread a single channel over many, which PReLU does not.
  const std::size_t count = std::max(slopes->positive.size(), slopes->negative.size());
  const auto& shape = graph.value(x).shape;
  if (count > 1 && (!shape || shape->size() != 4 || (*shape)[1].size != static_cast<std::int64_t>(count)))
    return std::nullopt;
  return std::vector<float>(slopes->negative.begin(), slopes->negative.end());
}

void replace(Graph& graph, NodeId node, ValueId x, std::vector<float> slope) {
  const ValueId spelled = graph.node(node).outputs[0];
  const std::string name = graph.value(spelled).name;
  ValueId fused = ir::kNoValue;
  if (std::all_of(slope.begin(), slope.end(), [&](float each) { return each == slope[0]; })) {
    fused = graph.add("LeakyRelu", {x}, {{"alpha", slope[0]}}, graph.node(node).name);
  } else {
    const auto channels = static_cast<std::int64_t>(slope.size());
    const ValueId constant =
        graph.add_constant(name + "/slope", ir::Tensor::of_floats({channels, 1, 1}, std::move(slope)));
    fused = graph.add("PRelu", {x, constant}, {}, graph.node(node).name);
  }
  graph.replace(spelled, fused);
}

}  // namespace

void fuse_prelu(Graph& graph) {
  std::vector<NodeId> nodes = graph.sorted();
  std::reverse(nodes.begin(), nodes.end());  // the whole before its parts
  for (const NodeId node : nodes) {
    const std::string& op = graph.node(node).op;
    if ((op != "Add" && op != "Sub" && op != "Max") || graph.node(node).inputs.size() != 2) continue;
    if (graph.value(graph.node(node).outputs[0]).uses.empty() && !graph.is_output(graph.node(node).outputs[0]))
      continue;
    for (const ValueId x : candidates(graph, node)) {
      auto slope = slope_of(graph, node, x);
      if (!slope) continue;
      replace(graph, node, x, *std::move(slope));
      break;
    }
  }
  graph.erase_unused();
}

}  // namespace mantissa::pass
