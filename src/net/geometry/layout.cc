// Operators that move elements without computing: Reshape, Transpose, Concat, Split, Gather, ...
#include <algorithm>
#include <array>
#include <deque>
#include <numeric>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

Result<void> give_up(Walk& walk, ir::NodeId node, std::size_t outputs = 1) {
  Flow out;
  for (std::size_t i = 0; i < walk.graph().node(node).inputs.size(); ++i) absorb(out, walk.input(node, i), walk, node);
  make_global(out, walk, node, "has a size that cannot be told from the graph");
  for (std::size_t i = 0; i < outputs; ++i) walk.set_output(node, out, i);
  return {};
}

// The axes of a reshaped value: the atoms of the old ones in their order, taken whole or split in two where an axis ends inside one.
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

// The axes that input 1 names; nullopt when they cannot be told.
std::optional<std::vector<std::size_t>> named_axes(const Walk& walk, ir::NodeId node, int rank) {
  const auto numbers = walk.numbers(node, 1);
  if (!numbers) return std::nullopt;
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < numbers->elements.size(); ++i) {
    const auto value = fixed_number(*numbers, i);
    const auto axis = value ? axis_index(*value, rank) : std::nullopt;
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

Result<void> squeeze(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  std::vector<std::size_t> gone;
  if (!walk.has_input(node, 1)) {
    for (std::size_t i = 0; i < flow.axes.size(); ++i) {
      if (base_size(flow.axes[i]) == 1) gone.push_back(i);
    }
  } else if (const auto named = named_axes(walk, node, flow.rank())) {
    gone = *named;
  } else {
    return give_up(walk, node);
  }
  for (auto at = gone.rbegin(); at != gone.rend(); ++at) {
    if (base_size(flow.axes[*at]) != 1) return walk.shapes_do_not_fit(node);
    flow.axes.erase(flow.axes.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  walk.set_output(node, std::move(flow));
  return {};
}

Result<void> unsqueeze(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  const auto numbers = walk.numbers(node, 1);
  if (!flow.shape_known || !numbers || numbers->elements.size() > 16) return give_up(walk, node);
  const auto named = named_axes(walk, node, flow.rank() + static_cast<int>(numbers->elements.size()));
  if (!named) return walk.shapes_do_not_fit(node);
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
    if (axis.empty()) axis = target.axes[i];
    else axis = {Atom{sizes_of({target.axes[i].front(), Atom{sizes_of(axis), Role::plain}}), Role::plain}};
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
  if (!flow.shape_known) return give_up(walk, node, parts);
  if (!along || parts == 0) return walk.shapes_do_not_fit(node);
  const auto lengths = walk.numbers(node, 1);
  const Sizes whole = sizes_of(flow.axes[*along]);
  if (walk.has_input(node, 1) && (!lengths || lengths->elements.size() != parts)) return give_up(walk, node, parts);
  for (std::size_t i = 0; i < parts; ++i) {
    Flow part = flow;
    part.numbers = nullptr;
    if (parts > 1 && has_spatial(flow.axes[*along])) make_global(part, walk, node, "splits the picture");
    Sizes size{};
    for (std::size_t p = 0; p < size.size(); ++p) {
      const auto pieces = static_cast<std::int64_t>(parts);
      const std::int64_t each = (whole[p] + pieces - 1) / pieces;
      const std::int64_t even = i + 1 < parts ? each : whole[p] - each * (pieces - 1);
      size[p] = lengths ? static_cast<std::int64_t>(std::clamp(lengths->elements[i][p], 0.0, static_cast<double>(kLongestAxis))) : even;
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
      {"Flatten", flatten},
      {"Gather", gather},
      {"Range", range},
      {"Reshape", reshape},
      {"Split", split},
      {"Squeeze", squeeze},
      {"Tile", tile},
      {"Transpose", transpose},
      {"Unsqueeze", unsqueeze},
  });
  return kRules;
}

}  // namespace mantissa::net
