// Operators that change the grid or move it: DepthToSpace, SpaceToDepth, Resize, Pad, Slice.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kLargestBlock = 64;
constexpr std::int64_t kLargestDenominator = 64;

// Names which axes a list of numbers is for; all of them when there is no list.
std::optional<std::vector<std::size_t>> axes_named(const std::shared_ptr<const Numbers>& numbers, bool given, int rank) {
  std::vector<std::size_t> axes;
  if (!given) {
    for (int i = 0; i < rank; ++i) axes.push_back(static_cast<std::size_t>(i));
    return axes;
  }
  if (!numbers) return std::nullopt;
  for (std::size_t i = 0; i < numbers->elements.size(); ++i) {
    const auto value = fixed_number(*numbers, i);
    const auto axis = value ? axis_index(*value, rank) : std::nullopt;
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

// The output has an unknown size, and so nothing can be said of what follows.
Result<void> give_up(Walk& walk, ir::NodeId node) {
  Flow out;
  absorb(out, walk.input(node, 0), walk, node);
  make_global(out, walk, node, "has a size that cannot be told from the graph");
  walk.set_output(node, std::move(out));
  return {};
}

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

// A size as a simple fraction of another, to the accuracy of the float that a file holds.
std::optional<Rational> simple_ratio(double value) {
  if (!(value > 1.0 / 128) || !(value < 128)) return std::nullopt;
  for (std::int64_t below = 1; below <= kLargestDenominator; ++below) {
    const double above = std::round(value * static_cast<double>(below));
    if (above >= 1 && std::abs(above / static_cast<double>(below) - value) <= 1e-6 * value) {
      return Rational(static_cast<std::int64_t>(above), below);
    }
  }
  return std::nullopt;
}

// How Resize places its samples: output o looks at x(o) = o/ratio + offset, and takes the inputs from x - below to x + above.
struct Sampling {
  Rational offset;
  Rational below;
  Rational above;
};

std::optional<Sampling> sampling_of(const ir::Graph& graph, ir::NodeId node, Rational ratio) {
  const std::string place = graph.text(node, "coordinate_transformation_mode", "half_pixel");
  const std::string mode = graph.text(node, "mode", "nearest");
  const bool half = place == "half_pixel" || place == "pytorch_half_pixel" ||
                    (place == "half_pixel_symmetric" && ratio.denominator() == 1);
  if (!half && place != "asymmetric") return std::nullopt;  // align_corners and crops depend on the size
  Sampling s;
  if (half) s.offset = (1 / ratio - 1) / 2;
  // x falls on multiples of `fine`, so that rounding moves it by less than 1.
  const Rational fine(1, (half ? 2 : 1) * ratio.numerator());
  const Rational spread = ratio < 1 && graph.integer(node, "antialias", 0) != 0 ? 1 / ratio : Rational(1);
  if (mode == "nearest") {
    const std::string rounding = graph.text(node, "nearest_mode", "round_prefer_floor");
    s.below = rounding == "floor" ? 1 - fine : rounding == "ceil" ? Rational(0) : Rational(1, 2);
    s.above = rounding == "ceil" ? 1 - fine : rounding == "floor" ? Rational(0) : Rational(1, 2);
  } else if (mode == "linear" || mode == "cubic") {
    s.below = s.above = spread * (mode == "linear" ? 1 : 2) - (spread == Rational(1) ? fine : Rational(0));
  } else {
    return std::nullopt;
  }
  return s;
}

void resize_axis(Walk& walk, ir::NodeId node, Flow& flow, Axis& axis, const Sizes& after, std::optional<Rational> ratio) {
  const Role role = role_of(axis);
  if (has_spatial(axis)) {
    const auto sampling = ratio && is_spatial(role) ? sampling_of(walk.graph(), node, *ratio) : std::nullopt;
    if (!sampling) make_global(flow, walk, node, "samples at places that depend on the size of the picture");
    if (sampling) {
      Reach& reach = reach_along(flow, role);
      reach.low = reach.low + (sampling->offset - sampling->below) * reach.step;
      reach.high = reach.high + (sampling->offset + sampling->above) * reach.step;
      reach.step = reach.step / *ratio;
      walk.note_grid(reach.step);
    }
  }
  axis = {Atom{after, is_spatial(role) ? role : Role::plain}};
}

Result<void> resize(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto scales = walk.numbers(node, 2);
  const auto sizes = walk.numbers(node, 3);
  const bool by_scale = scales && !scales->elements.empty();
  std::vector<std::int64_t> named = walk.graph().integers(node, "axes", {});
  const Numbers* factors = by_scale ? scales.get() : sizes.get();
  if (!factors) return give_up(walk, node);
  if (!flow.shape_known) flow.axes.resize(factors->elements.size());
  if (named.empty()) {
    for (int i = 0; i < flow.rank(); ++i) named.push_back(i);
  }
  if (named.size() != factors->elements.size() || walk.graph().text(node, "keep_aspect_ratio_policy", "stretch") != "stretch") {
    return walk.shapes_do_not_fit(node);
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto index = axis_index(named[i], flow.rank());
    if (!index) return walk.shapes_do_not_fit(node);
    Axis& axis = flow.axes[*index];
    fold_phases(axis, flow);
    const Sizes before = sizes_of(axis);
    Sizes after{};
    for (std::size_t p = 0; p < after.size(); ++p) {
      const double to = factors->elements[i][p] * (by_scale ? static_cast<double>(before[p]) : 1.0);
      if (!(to >= 1) || !(to < static_cast<double>(kLongestAxis))) return walk.shapes_do_not_fit(node);
      after[p] = static_cast<std::int64_t>(to);
    }
    if (after == before && flow.shape_known) continue;
    auto ratio = simple_ratio(by_scale ? factors->elements[i][0] : static_cast<double>(after[0]) / static_cast<double>(before[0]));
    if (ratio && has_spatial(axis)) {
      // Sizes of the picture at which rounding makes it another ratio do not work.
      std::array<bool, kProbes> holds{};
      for (std::size_t p = 0; p < holds.size(); ++p) {
        holds[p] = by_scale || after[p] * ratio->denominator() == before[p] * ratio->numerator();
      }
      walk.demand(holds);
    }
    resize_axis(walk, node, flow, axis, after, ratio);
  }
  flow.shape_known = true;
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> pad(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto pads = walk.numbers(node, 1);
  const auto axes = axes_named(walk.numbers(node, 3), walk.has_input(node, 3), flow.rank());
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
      make_global(flow, walk, node, "pads by an amount that depends on the size of the picture, or from its other side");
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
    axis = {Atom{size, role}};
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> slice(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto starts = walk.numbers(node, 1);
  const auto ends = walk.numbers(node, 2);
  const auto steps = walk.numbers(node, 4);
  const auto axes = axes_named(walk.numbers(node, 3), walk.has_input(node, 3), flow.rank());
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
      {"Resize", resize},
      {"Slice", slice},
      {"SpaceToDepth", space_to_depth},
  });
  return kRules;
}

}  // namespace mantissa::net
