// Operators that mix elements along whole axes: matrix products, softmax, norms, reductions.
// Local where those axes hold no rows or columns.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

// The axes before the last two meet; rows of `a`, columns of `b`; `inner` is summed over.
Result<void> product(Walk& walk, ir::NodeId node, Flow a, Flow b, bool weights) {
  if (a.rank() < 2 || b.rank() < 2) return walk.shapes_do_not_fit(node);
  const Axis left = a.axes[a.axes.size() - 2];
  const Axis inner = a.axes.back();
  const Axis right = b.axes.back();
  const Axis inner_b = b.axes[b.axes.size() - 2];
  a.axes.resize(a.axes.size() - 2);
  b.axes.resize(b.axes.size() - 2);
  const std::array<const Flow*, 2> both{&a, &b};
  MANTISSA_ASSIGN(Flow out, broadcast(walk, node, both));
  if (base_size(inner) != base_size(inner_b)) return walk.shapes_do_not_fit(node);
  if (has_spatial(inner) || has_spatial(inner_b)) take_whole(out, walk, node);
  if (has_spatial(left) && has_spatial(right)) make_global(out, walk, node, "compares every place with every other");
  out.axes.push_back(left);
  out.axes.push_back(right);
  if (weights) walk.note_cost(node, elements_of(out) * static_cast<double>(base_size(inner)));
  walk.set_output(node, std::move(out));
  return {};
}

Result<void> mat_mul(Walk& walk, ir::NodeId node) {
  Flow a = walk.input(node, 0);
  Flow b = walk.input(node, 1);
  if (!a.shape_known || !b.shape_known) return give_up(walk, node);
  if (a.rank() < 2 || b.rank() < 2) {
    if (a.rank() == 0 || b.rank() == 0) return walk.shapes_do_not_fit(node);
    return give_up(walk, node);  // a vector: rare, and not worth its own shape rules
  }
  const bool weights = walk.graph().constant_input(node, 0) || walk.graph().constant_input(node, 1);
  return product(walk, node, std::move(a), std::move(b), weights);
}

Result<void> gemm(Walk& walk, ir::NodeId node) {
  Flow a = walk.input(node, 0);
  Flow b = walk.input(node, 1);
  if (!a.shape_known || !b.shape_known) return give_up(walk, node);
  if (a.rank() != 2 || b.rank() != 2) return walk.shapes_do_not_fit(node);
  if (walk.graph().integer(node, "transA", 0) != 0) std::swap(a.axes[0], a.axes[1]);
  if (walk.graph().integer(node, "transB", 0) != 0) std::swap(b.axes[0], b.axes[1]);
  absorb(a, walk.input(node, 2), walk, node);
  return product(walk, node, std::move(a), std::move(b), walk.graph().constant_input(node, 1) != nullptr);
}

// "bchw,cd->bdhw": the letters that do not come out are summed over.
Result<void> einsum(Walk& walk, ir::NodeId node) {
  std::string equation = walk.graph().text(node, "equation", "");
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->");
  const std::size_t count = walk.graph().node(node).inputs.size();
  bool known = arrow != std::string::npos && equation.find('.') == std::string::npos;
  for (std::size_t i = 0; i < count; ++i) known = known && walk.input(node, i).shape_known;
  if (!known) return give_up(walk, node);

  Flow out;
  out.shape_known = true;
  for (std::size_t i = 0; i < count; ++i) absorb(out, walk.input(node, i), walk, node);
  std::map<char, Axis> axes;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (const Axis& axis : walk.input(node, i).axes) {
      if (at >= arrow || equation[at] == ',') return walk.shapes_do_not_fit(node);
      const auto [found, is_new] = axes.try_emplace(equation[at++], axis);
      if (is_new) continue;
      MANTISSA_ASSIGN(found->second, meet(walk, node, out, found->second, axis));
    }
    if (at < arrow && equation[at++] != ',') return walk.shapes_do_not_fit(node);
  }
  for (const char letter : equation.substr(arrow + 2)) {
    const auto found = axes.find(letter);
    if (found == axes.end()) return walk.shapes_do_not_fit(node);
    out.axes.push_back(found->second);
    found->second.clear();
  }
  for (const auto& [letter, axis] : axes) {
    if (has_spatial(axis)) take_whole(out, walk, node);
  }
  walk.set_output(node, std::move(out));
  return {};
}

// Normalizes over axis `axis`, or over it and those behind it; keeps the shape.
Result<void> normalize(Walk& walk, ir::NodeId node, std::int64_t axis, bool and_behind) {
  Flow flow = walk.input(node, 0);
  for (std::size_t i = 1; i < walk.graph().node(node).inputs.size(); ++i) absorb(flow, walk.input(node, i), walk, node);
  if (flow.shape_known) {
    const auto first = axis_index(axis, flow.rank());
    if (!first) return walk.shapes_do_not_fit(node);
    for (std::size_t i = *first; i < (and_behind ? flow.axes.size() : *first + 1); ++i) {
      if (has_spatial(flow.axes[i])) take_whole(flow, walk, node);
    }
  }
  flow.numbers = nullptr;
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> softmax(Walk& walk, ir::NodeId node) {
  return normalize(walk, node, walk.graph().integer(node, "axis", -1), false);
}
Result<void> layer_norm(Walk& walk, ir::NodeId node) {
  return normalize(walk, node, walk.graph().integer(node, "axis", -1), true);
}
Result<void> norm_over_space(Walk& walk, ir::NodeId node) { return normalize(walk, node, 2, true); }

Result<void> reduce(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  flow.numbers = nullptr;
  std::vector<bool> gone(flow.axes.size(), true);
  std::vector<std::int64_t> named = walk.graph().integers(node, "axes", {});
  if (walk.has_input(node, 1)) {
    const auto numbers = walk.numbers(node, 1);
    if (!numbers) return give_up(walk, node);
    for (std::size_t i = 0; i < numbers->elements.size(); ++i)
      named.push_back(fixed_number(*numbers, i).value_or(flow.rank()));
  }
  if (!named.empty() || walk.graph().integer(node, "noop_with_empty_axes", 0) != 0) gone.assign(gone.size(), false);
  for (const std::int64_t axis : named) {
    const auto index = axis_index(axis, flow.rank());
    if (!index) return walk.shapes_do_not_fit(node);
    gone[*index] = true;
  }
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (gone[i] && has_spatial(flow.axes[i])) take_whole(flow, walk, node);
    if (!gone[i])
      axes.push_back(flow.axes[i]);
    else if (walk.graph().integer(node, "keepdims", 1) != 0)
      axes.emplace_back();
  }
  flow.axes = std::move(axes);
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> reduce_one(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  const auto axis = axis_index(walk.graph().integer(node, "axis", 0), flow.rank());
  if (!axis) return walk.shapes_do_not_fit(node);
  if (has_spatial(flow.axes[*axis])) take_whole(flow, walk, node);
  if (walk.graph().integer(node, "keepdims", 1) != 0)
    flow.axes[*axis] = {};
  else
    flow.axes.erase(flow.axes.begin() + static_cast<std::ptrdiff_t>(*axis));
  flow.numbers = nullptr;
  walk.set_output(node, std::move(flow));
  return {};
}

}  // namespace

std::span<const RuleOf> mixing_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"ArgMax", reduce_one},
      {"ArgMin", reduce_one},
      {"Einsum", einsum},
      {"Gemm", gemm},
      {"GroupNormalization", norm_over_space},
      {"InstanceNormalization", norm_over_space},
      {"LayerNormalization", layer_norm},
      {"LogSoftmax", softmax},
      {"LpNormalization", softmax},
      {"MatMul", mat_mul},
      {"MeanVarianceNormalization", norm_over_space},
      {"ReduceL1", reduce},
      {"ReduceL2", reduce},
      {"ReduceLogSum", reduce},
      {"ReduceLogSumExp", reduce},
      {"ReduceMax", reduce},
      {"ReduceMean", reduce},
      {"ReduceMin", reduce},
      {"ReduceProd", reduce},
      {"ReduceSum", reduce},
      {"ReduceSumSquare", reduce},
      {"Softmax", softmax},
  });
  return kRules;
}

}  // namespace mantissa::net
