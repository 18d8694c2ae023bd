// Resize: samples a grid at the places of another.
#include <array>
#include <cmath>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kLargestDenominator = 64;

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

// How Resize places its samples: output o looks at x(o) = o/ratio + offset,
// and takes the inputs from x - below to x + above.
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

void resize_axis(Walk& walk, ir::NodeId node, Flow& flow, Axis& axis, const Sizes& after,
                 std::optional<Rational> ratio) {
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

}  // namespace

Result<void> resize_rule(Walk& walk, ir::NodeId node) {
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
  if (named.size() != factors->elements.size() ||
      walk.graph().text(node, "keep_aspect_ratio_policy", "stretch") != "stretch") {
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
    auto ratio = simple_ratio(by_scale ? factors->elements[i][0]
                                       : static_cast<double>(after[0]) / static_cast<double>(before[0]));
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

}  // namespace mantissa::net
