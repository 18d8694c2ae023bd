// Operators that order elements anew without computing: Reshape, Flatten, Squeeze, Unsqueeze, Transpose.
#include <algorithm>
#include <array>
#include <deque>
#include <numeric>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

// The axes of a reshaped value: the atoms of the old ones in their order, taken whole or split in two where an axis
// ends inside one.
class Regroup {
 public:
  Regroup(Walk& walk, Flow& flow) : walk_(walk), flow_(flow) {
    for (const Axis& axis : flow.axes) {
      for (const Atom& atom : axis) atoms_.push_back(atom);
    }
  }

  // The next axis of the new shape; nullopt when elements of different atoms would mix in a way that has no name.
  std::optional<Axis> take(const Sizes& wanted) {
    Axis axis;
    std::int64_t needed = wanted[0];
    while (needed > 1) {
      if (atoms_.empty()) return std::nullopt;
      Atom atom = atoms_.front();
      const std::int64_t size = atom.size[0];
      if (size > 0 && needed % size == 0) {
        atoms_.pop_front();
        needed /= size;
        if (size > 1) axis.push_back(atom);
      } else if (size > 0 && size % needed == 0) {
        if (!split(atoms_.front(), atom, size / needed, axis.empty() ? &wanted : nullptr)) return std::nullopt;
        axis.push_back(atom);
        needed = 1;
      } else {
        return std::nullopt;
      }
    }
    if (!walk_.demand_equal(sizes_of(axis), wanted)) return std::nullopt;
    fold_phases(axis, flow_);
    return axis;
  }

 private:
  // `rest` keeps the inner part, of `inner` elements; `outer` becomes the outer part.
  bool split(Atom& rest, Atom& outer, std::int64_t inner, const Sizes* wanted) {
    if (is_spatial(rest.role)) {
      // Groups whose number is fixed while the picture grows have no fixed length.
      if (wanted && wanted->front() == wanted->back() && rest.size.front() != rest.size.back()) return false;
      coarsen(walk_, flow_, rest.role, inner);
    }
    std::array<bool, kProbes> holds{};
    for (std::size_t p = 0; p < holds.size(); ++p) {
      holds[p] = rest.size[p] % inner == 0;
      outer.size[p] = rest.size[p] / inner;
    }
    walk_.demand(holds);
    rest = Atom{same_size(inner), is_spatial(rest.role) ? Role::plain : rest.role};
    return true;
  }

  Walk& walk_;
  Flow& flow_;
  std::deque<Atom> atoms_;
};

// Sizes as Reshape wants them, with its 0 (as before) and -1 (what is left) replaced.
std::optional<std::vector<Sizes>> wanted_sizes(const Flow& flow, const Numbers& shape, bool zero_is_zero) {
  std::vector<Sizes> wanted(shape.elements.size());
  for (std::size_t p = 0; p < static_cast<std::size_t>(kProbes); ++p) {
    double left = 1;
    for (const Axis& axis : flow.axes) {
      double length = 1;
      for (const Atom& atom : axis) length *= static_cast<double>(atom.size[p]);
      left *= length;
    }
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      double size = shape.elements[i][p];
      if (size == -1) {
        if (open) return std::nullopt;
        open = i;
        continue;
      }
      if (size == 0 && !zero_is_zero) {
        if (i >= flow.axes.size()) return std::nullopt;
        size = static_cast<double>(sizes_of(flow.axes[i])[p]);
      }
      if (!(size >= 1) || !(size < static_cast<double>(kLongestAxis))) return std::nullopt;
      wanted[i][p] = static_cast<std::int64_t>(size);
      left /= size;
    }
    if (open) wanted[*open][p] = static_cast<std::int64_t>(std::clamp(left, 0.0, static_cast<double>(kLongestAxis)));
  }
  return wanted;
}

Result<void> reshape_to(Walk& walk, ir::NodeId node, Flow flow, const std::vector<Sizes>& wanted) {
  flow.numbers = nullptr;
  Regroup groups(walk, flow);
  bool mixed = false;
  std::vector<Axis> axes;
  for (const Sizes& size : wanted) {
    std::optional<Axis> axis = mixed ? std::nullopt : groups.take(size);
    if (!axis) {
      mixed = true;
      axis = Axis{Atom{size, Role::plain}};
      if (size[0] == 1) axis->clear();
    }
    axes.push_back(*std::move(axis));
  }
  flow.axes = std::move(axes);
  if (mixed) make_global(flow, walk, node, "mixes rows and columns");
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> reshape(Walk& walk, ir::NodeId node) {
  const Flow& flow = walk.input(node, 0);
  const auto shape = walk.numbers(node, 1);
  if (!shape) return give_up(walk, node);
  if (!flow.shape_known) {
    // Nothing is known of the order of its elements, but its new size may be told without it.
    Flow out = flow;
    make_global(out, walk, node, "has elements in an order that cannot be told from the graph");
    for (const auto& element : shape->elements) {
      Sizes size{};
      for (std::size_t p = 0; p < size.size(); ++p) {
        if (!(element[p] >= 1) || !(element[p] < static_cast<double>(kLongestAxis))) return give_up(walk, node);
        size[p] = static_cast<std::int64_t>(element[p]);
      }
      out.axes.push_back({Atom{size, Role::plain}});
    }
    out.shape_known = true;
    walk.set_output(node, std::move(out));
    return {};
  }
  const auto wanted = wanted_sizes(flow, *shape, walk.graph().integer(node, "allowzero", 0) != 0);
  if (!wanted) return walk.shapes_do_not_fit(node);
  return reshape_to(walk, node, flow, *wanted);
}

Result<void> flatten(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  std::int64_t axis = walk.graph().integer(node, "axis", 1);
  if (axis < 0) axis += flow.rank();
  if (axis < 0 || axis > flow.rank()) return walk.shapes_do_not_fit(node);
  std::vector<Axis> merged(2);
  for (std::size_t i = 0; i < flow.axes.size(); ++i) {
    Axis& into = merged[static_cast<std::int64_t>(i) < axis ? 0 : 1];
    into.insert(into.end(), flow.axes[i].begin(), flow.axes[i].end());
  }
  flow.axes = std::move(merged);
  for (Axis& each : flow.axes) fold_phases(each, flow);
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> squeeze(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  std::vector<std::size_t> gone;
  if (!walk.has_input(node, 1)) {
    for (std::size_t i = 0; i < flow.axes.size(); ++i) {
      if (base_size(flow.axes[i]) == 1) gone.push_back(i);
    }
  } else if (const auto named = named_axes(walk, node, 1, flow.rank())) {
    gone = *named;
    std::sort(gone.begin(), gone.end());
    gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  } else {
    return give_up(walk, node);
  }
  for (std::size_t i = gone.size(); i-- > 0;) {  // from the last, so that erasing moves none that is still to come
    const std::size_t axis = gone[i];
    if (base_size(flow.axes[axis]) != 1) return walk.shapes_do_not_fit(node);
    flow.axes.erase(flow.axes.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> unsqueeze(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto numbers = walk.numbers(node, 1);
  if (!flow.shape_known || !numbers || numbers->elements.size() > 16) return give_up(walk, node);
  auto named = named_axes(walk, node, 1, flow.rank() + static_cast<int>(numbers->elements.size()));
  if (!named) return walk.shapes_do_not_fit(node);
  std::sort(named->begin(), named->end());
  for (const std::size_t axis : *named) {
    if (axis > flow.axes.size()) return walk.shapes_do_not_fit(node);
    flow.axes.insert(flow.axes.begin() + static_cast<std::ptrdiff_t>(axis), Axis{});
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> transpose(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  std::vector<std::int64_t> order(flow.axes.size());
  std::iota(order.rbegin(), order.rend(), 0);
  order = walk.graph().integers(node, "perm", order);
  if (order.size() != flow.axes.size()) return walk.shapes_do_not_fit(node);
  std::vector<Axis> axes;
  std::vector<bool> seen(order.size());
  for (const std::int64_t from : order) {
    const auto index = axis_index(from, flow.rank());
    if (!index || seen[*index]) return walk.shapes_do_not_fit(node);
    seen[*index] = true;
    axes.push_back(flow.axes[*index]);
  }
  flow.axes = std::move(axes);
  walk.set_output(node, std::move(flow));
  return {};
}

}  // namespace

std::span<const RuleOf> reshape_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"Flatten", flatten},
      {"Reshape", reshape},
      {"Squeeze", squeeze},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
  });
  return kRules;
}

}  // namespace mantissa::net
