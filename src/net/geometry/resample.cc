// Operators that change the grid or move it: DepthToSpace, SpaceToDepth, Pad, Slice. Resize has a file of its own.
#include <algorithm>
#include <array>
#include <cmath>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kLargestBlock = 64;

Result<void> depth_to_space(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  const std::int64_t block = walk.graph().integer(node, "blocksize", 0);
  if (block < 1 || block > kLargestBlock || flow.rank() != 4 || base_size(flow.axes[1]) % (block * block) != 0) {
    return walk.shapes_do_not_fit(node);
  }
  if (has_spatial(flow.axes[1])) make_global(flow, walk, node, "takes rows or columns for channels");
  flow.axes[1] = plain_axis(base_size(flow.axes[1]) / (block * block));
  for (const std::size_t i : {2U, 3U}) {
    flow.axes[i].push_back(Atom{same_size(block), Role::plain});
    fold_phases(flow.axes[i], flow);
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> space_to_depth(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  const std::int64_t block = walk.graph().integer(node, "blocksize", 0);
  if (block < 1 || block > kLargestBlock || flow.rank() != 4) return walk.shapes_do_not_fit(node);
  for (const std::size_t i : {2U, 3U}) {
    Axis& axis = flow.axes[i];
    Sizes size = sizes_of(axis);
    std::array<bool, kProbes> holds{};
    for (std::size_t p = 0; p < size.size(); ++p) {
      holds[p] = size[p] % block == 0;
      size[p] /= block;
    }
    if (!holds[0]) return walk.shapes_do_not_fit(node);
    walk.demand(holds);
    const Role role = role_of(axis);
    if (has_spatial(axis) && !is_spatial(role)) make_global(flow, walk, node, "takes rows and columns in one");
    if (is_spatial(role)) coarsen(walk, flow, role, block);
    axis = {Atom{size, role}};
  }
  flow.axes[1] = plain_axis(std::min(base_size(flow.axes[1]), kLongestAxis / (block * block)) * block * block);
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> pad(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto pads = walk.numbers(node, 1);
  const auto axes = named_axes(walk, node, 3, flow.rank());
  if (!flow.shape_known || !pads || !axes) return give_up(walk, node);
  const std::size_t count = axes->size();
  if (pads->elements.size() != 2 * count) return walk.shapes_do_not_fit(node);
  const std::string mode = walk.graph().text(node, "mode", "constant");
  for (std::size_t i = 0; i < count; ++i) {
    Axis& axis = flow.axes[(*axes)[i]];
    const auto begin = fixed_number(*pads, i);
    const auto end = fixed_number(*pads, count + i);
    if (begin == 0 && end == 0) continue;
    fold_phases(axis, flow);
    Sizes size = sizes_of(axis);
    for (std::size_t p = 0; p < size.size(); ++p) {
      const double after = static_cast<double>(size[p]) + pads->elements[i][p] + pads->elements[count + i][p];
      if (!(after >= 1) || !(after < static_cast<double>(kLongestAxis))) return walk.shapes_do_not_fit(node);
      size[p] = static_cast<std::int64_t>(after);
    }
    const Role role = role_of(axis);
    if (has_spatial(axis) && (!is_spatial(role) || !begin || mode == "wrap")) {
      make_global(flow, walk, node,
                  "pads by an amount that depends on the size of the picture, or from its other side");
    } else if (is_spatial(role)) {
      Reach& reach = reach_along(flow, role);
      if (mode != "constant") {
        // A mirrored or repeated element lies on the other side of what it stands for.
        const Rational farthest = std::max(-reach.low, reach.high);
        reach.low = -farthest;
        reach.high = farthest;
      }
      reach.low = reach.low - reach.step * *begin;
      reach.high = reach.high - reach.step * *begin;
    }
    // Elements that are all the same stay so but for the edge, which counts as the edge of a padded picture does.
    axis = {Atom{size, begin && is_repeated(axis) && !axis.empty() ? Role::repeated : role}};
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> slice(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto starts = walk.numbers(node, 1);
  const auto ends = walk.numbers(node, 2);
  const auto steps = walk.numbers(node, 4);
  const auto axes = named_axes(walk, node, 3, flow.rank());
  if (!flow.shape_known || !starts || !ends || !axes || (walk.has_input(node, 4) && !steps)) return give_up(walk, node);
  const std::size_t count = starts->elements.size();
  if (ends->elements.size() != count || axes->size() < count || (steps && steps->elements.size() != count)) {
    return walk.shapes_do_not_fit(node);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto step = steps ? fixed_number(*steps, i) : std::optional<std::int64_t>(1);
    if (!step || *step == 0 || std::abs(static_cast<double>(*step)) > 1e6) return give_up(walk, node);
    Axis& axis = flow.axes[(*axes)[i]];
    fold_phases(axis, flow);
    const Sizes before = sizes_of(axis);
    Sizes first{};
    Sizes after{};
    for (std::size_t p = 0; p < after.size(); ++p) {
      const auto size = static_cast<double>(before[p]);
      const auto place = [size, &step](double at) {
        if (!(at >= 0)) at += size;
        return *step > 0 ? std::clamp(at, 0.0, size) : std::clamp(at, -1.0, size - 1);
      };
      const double from = place(starts->elements[i][p]);
      const double to = place(ends->elements[i][p]);
      first[p] = static_cast<std::int64_t>(from);
      after[p] = static_cast<std::int64_t>(std::max(0.0, std::ceil((to - from) / static_cast<double>(*step))));
    }
    const Role role = role_of(axis);
    if (*step == 1 && after == before) continue;
    const bool starts_alike = std::all_of(first.begin(), first.end(), [&](std::int64_t f) { return f == first[0]; });
    if (has_spatial(axis) && (!is_spatial(role) || *step < 0 || !starts_alike)) {
      make_global(flow, walk, node, "takes a part of the picture that depends on its size");
    } else if (is_spatial(role)) {
      Reach& reach = reach_along(flow, role);
      reach.low = reach.low + reach.step * first[0];
      reach.high = reach.high + reach.step * first[0];
      reach.step = reach.step * *step;
      walk.note_grid(reach.step);
    }
    axis = {Atom{after, is_repeated(axis) && !axis.empty() ? Role::repeated : role}};
  }
  walk.set_output(node, std::move(flow));
  return {};
}

}  // namespace

void coarsen(Walk& walk, Flow& flow, Role role, std::int64_t factor) {
  Reach& reach = reach_along(flow, role);
  reach.high = reach.high + reach.step * (factor - 1);
  reach.step = reach.step * factor;
  walk.note_grid(reach.step);
}

std::span<const RuleOf> resample_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"DepthToSpace", depth_to_space},
      {"Pad", pad},
      {"Resize", resize_rule},
      {"Slice", slice},
      {"SpaceToDepth", space_to_depth},
  });
  return kRules;
}

}  // namespace mantissa::net
