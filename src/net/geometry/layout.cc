// Operators that put values together, take them apart and repeat them: Concat, Split, Gather, Expand, ...
#include <algorithm>
#include <array>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

// A shape to expand to, as a flow whose axes repeat.
Flow repeated_flow(const Numbers& shape) {
  Flow flow;
  flow.shape_known = true;
  for (const auto& element : shape.elements) {
    Atom atom{{}, Role::repeated};
    for (std::size_t p = 0; p < atom.size.size(); ++p) {
      atom.size[p] = static_cast<std::int64_t>(std::clamp(element[p], 0.0, static_cast<double>(kLongestAxis)));
    }
    flow.axes.push_back(atom.size[0] == 1 ? Axis{} : Axis{atom});
  }
  return flow;
}

Result<void> expand(Walk& walk, ir::NodeId node) {
  const auto shape = walk.numbers(node, 1);
  if (!shape || shape->elements.size() > 16) return give_up(walk, node);
  const Flow target = repeated_flow(*shape);
  const std::array<const Flow*, 2> both{&walk.input(node, 0), &target};
  MANTISSA_ASSIGN(Flow out, broadcast(walk, node, both));
  walk.set_output(node, std::move(out));
  return {};
}

Result<void> constant_of_shape(Walk& walk, ir::NodeId node) {
  const auto shape = walk.numbers(node, 0);
  if (!shape || shape->elements.size() > 16) return give_up(walk, node);
  walk.set_output(node, repeated_flow(*shape));
  return {};
}

Result<void> tile(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto repeats = walk.numbers(node, 1);
  if (!flow.shape_known || !repeats) return give_up(walk, node);
  if (repeats->elements.size() != flow.axes.size()) return walk.shapes_do_not_fit(node);
  const Flow target = repeated_flow(*repeats);
  for (std::size_t i = 0; i < flow.axes.size(); ++i) {
    Axis& axis = flow.axes[i];
    if (target.axes[i].empty()) continue;
    if (has_spatial(axis)) make_global(flow, walk, node, "repeats the picture");
    if (axis.empty())
      axis = target.axes[i];
    else
      axis = {Atom{sizes_of({target.axes[i].front(), Atom{sizes_of(axis), Role::plain}}), Role::plain}};
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> concat(Walk& walk, ir::NodeId node) {
  const std::size_t count = walk.graph().node(node).inputs.size();
  Flow out = walk.input(node, 0);
  const auto along = axis_index(walk.graph().integer(node, "axis", 0), out.rank());
  for (std::size_t i = 0; i < count; ++i) {
    if (!walk.input(node, i).shape_known) return give_up(walk, node);
  }
  if (!along) return walk.shapes_do_not_fit(node);
  out.numbers = nullptr;
  Sizes total{};
  bool spatial = false;
  for (std::size_t i = 0; i < count; ++i) {
    const Flow& input = walk.input(node, i);
    if (input.axes.size() != out.axes.size()) return walk.shapes_do_not_fit(node);
    absorb(out, input, walk, node);
    for (std::size_t a = 0; a < out.axes.size(); ++a) {
      if (a == *along) continue;
      // A length of 1 does not broadcast here.
      if (base_size(out.axes[a]) != base_size(input.axes[a])) return walk.shapes_do_not_fit(node);
      MANTISSA_ASSIGN(out.axes[a], meet(walk, node, out, out.axes[a], input.axes[a]));
    }
    spatial = spatial || has_spatial(input.axes[*along]);
    const Sizes sizes = sizes_of(input.axes[*along]);
    for (std::size_t p = 0; p < total.size(); ++p) total[p] = std::min(total[p] + sizes[p], kLongestAxis);
  }
  if (spatial && count > 1) make_global(out, walk, node, "puts parts of the picture side by side");
  if (count > 1) out.axes[*along] = total[0] == 1 ? Axis{} : Axis{Atom{total, Role::plain}};
  walk.set_output(node, std::move(out));
  return {};
}

Result<void> split(Walk& walk, ir::NodeId node) {
  const std::size_t parts = walk.graph().node(node).outputs.size();
  const Flow& flow = walk.input(node, 0);
  const auto along = axis_index(walk.graph().integer(node, "axis", 0), flow.rank());
  if (!flow.shape_known) return give_up(walk, node);
  if (!along || parts == 0) return walk.shapes_do_not_fit(node);
  const auto lengths = walk.numbers(node, 1);
  const Sizes whole = sizes_of(flow.axes[*along]);
  if (walk.has_input(node, 1) && (!lengths || lengths->elements.size() != parts)) return give_up(walk, node);
  for (std::size_t i = 0; i < parts; ++i) {
    Flow part = flow;
    part.numbers = nullptr;
    if (parts > 1 && has_spatial(flow.axes[*along])) make_global(part, walk, node, "splits the picture");
    Sizes size{};
    for (std::size_t p = 0; p < size.size(); ++p) {
      const auto pieces = static_cast<std::int64_t>(parts);
      const std::int64_t each = (whole[p] + pieces - 1) / pieces;
      const std::int64_t even = i + 1 < parts ? each : whole[p] - each * (pieces - 1);
      size[p] =
          lengths
              ? static_cast<std::int64_t>(std::clamp(lengths->elements[i][p], 0.0, static_cast<double>(kLongestAxis)))
              : even;
    }
    if (parts > 1) part.axes[*along] = size[0] == 1 ? Axis{} : Axis{Atom{size, Role::plain}};
    walk.set_output(node, std::move(part), i);
  }
  return {};
}

Result<void> gather(Walk& walk, ir::NodeId node) {
  const Flow& data = walk.input(node, 0);
  const Flow& indices = walk.input(node, 1);
  if (!data.shape_known || !indices.shape_known) return give_up(walk, node);
  const auto along = axis_index(walk.graph().integer(node, "axis", 0), data.rank());
  if (!along) return walk.shapes_do_not_fit(node);
  Flow out = data;
  out.numbers = nullptr;
  absorb(out, indices, walk, node);
  if (has_spatial(data.axes[*along])) make_global(out, walk, node, "takes rows or columns by their number");
  const auto at = out.axes.erase(out.axes.begin() + static_cast<std::ptrdiff_t>(*along));
  out.axes.insert(at, indices.axes.begin(), indices.axes.end());
  walk.set_output(node, std::move(out));
  return {};
}

// Its values are places, so what is made of it differs from place to place.
Result<void> range(Walk& walk, ir::NodeId node) {
  const auto start = walk.numbers(node, 0);
  const auto limit = walk.numbers(node, 1);
  const auto delta = walk.numbers(node, 2);
  if (!start || !limit || !delta || start->elements.empty() || limit->elements.empty() || delta->elements.empty()) {
    return give_up(walk, node);
  }
  Atom atom;
  for (std::size_t p = 0; p < atom.size.size(); ++p) {
    const double count = (limit->elements[0][p] - start->elements[0][p]) / delta->elements[0][p];
    if (!(count < static_cast<double>(kLongestAxis))) return give_up(walk, node);
    atom.size[p] = static_cast<std::int64_t>(std::max(0.0, count));
  }
  Flow out;
  out.shape_known = true;
  out.axes = {Axis{atom}};
  walk.set_output(node, std::move(out));
  return {};
}

}  // namespace

std::span<const RuleOf> layout_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"Concat", concat},
      {"ConstantOfShape", constant_of_shape},
      {"Expand", expand},
      {"Gather", gather},
      {"Range", range},
      {"Split", split},
      {"Tile", tile},
  });
  return kRules;
}

}  // namespace mantissa::net
