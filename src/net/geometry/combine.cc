// What rules share: joining flows, and giving up locality.
#include <algorithm>
#include <string>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

bool has_role(const Flow& flow, Role role) {
  return std::any_of(flow.axes.begin(), flow.axes.end(), [role](const Axis& axis) {
    return std::any_of(axis.begin(), axis.end(), [role](const Atom& atom) { return atom.role == role; });
  });
}

bool same_roles(const Axis& a, const Axis& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Atom& x, const Atom& y) { return x.role == y.role && x.size[0] == y.size[0]; });
}

// One element, whatever it came from: repeats for another.
bool is_single(const Axis& axis) {
  return !has_spatial(axis) && std::all_of(axis.begin(), axis.end(), [](const Atom& atom) {
    return std::all_of(atom.size.begin(), atom.size.end(), [](std::int64_t size) { return size == 1; });
  });
}

void absorb_pixels(Flow& into, const Flow& from, const Walk& walk, ir::NodeId node) {
  if (!from.depends) return;
  if (!into.depends) {
    into.depends = true;
    into.reach = from.reach;
    into.global = from.global;
    return;
  }
  if (!into.global) into.global = from.global;
  for (const Role role : {Role::rows, Role::columns}) {
    Reach& reach = reach_along(into, role);
    const Reach& other = from.reach[role == Role::rows ? 0 : 1];
    if (reach.step == other.step) {
      reach.low = std::min(reach.low, other.low);
      reach.high = std::max(reach.high, other.high);
    } else if (has_role(into, role) || has_role(from, role)) {
      make_global(into, walk, node, "joins values of different fineness");
    }
  }
}

}  // namespace

void make_global(Flow& flow, const Walk& walk, ir::NodeId node, std::string_view why) {
  if (flow.depends && !flow.global) flow.global = walk.graph().describe(node) + " " + std::string(why);
}

void take_whole(Flow& flow, Walk& walk, ir::NodeId node) {
  make_global(flow, walk, node, "takes in the whole picture");
  if (flow.depends) walk.note_whole(node);
}

void absorb(Flow& into, const Flow& from, const Walk& walk, ir::NodeId node) {
  into.sized = into.sized || from.sized;
  absorb_pixels(into, from, walk, node);
  if (into.sized) make_global(into, walk, node, "computes with the size of the picture");
}

Result<Axis> meet(Walk& walk, ir::NodeId node, Flow& flow, const Axis& a, const Axis& b) {
  if (is_single(a)) return b;
  if (is_single(b)) return a;
  if (!walk.demand_equal(sizes_of(a), sizes_of(b))) return walk.shapes_do_not_fit(node);
  if (same_roles(a, b) || is_repeated(b)) return a;
  if (is_repeated(a)) return b;
  if (!has_spatial(a) && !has_spatial(b)) return a;
  make_global(flow, walk, node, "depends on where in the picture a pixel lies");
  return has_spatial(a) ? a : b;
}

Result<Flow> broadcast(Walk& walk, ir::NodeId node, std::span<const Flow* const> inputs) {
  Flow out;
  std::size_t rank = 0;
  for (const Flow* input : inputs) {
    out.shape_known = out.shape_known || input->shape_known;
    if (input->shape_known) rank = std::max(rank, input->axes.size());
  }
  // Dependence first, so that meet() has somebody to tell when it becomes global.
  for (const Flow* input : inputs) absorb(out, *input, walk, node);
  out.axes.resize(rank);
  for (const Flow* input : inputs) {
    const std::size_t offset = rank - (input->shape_known ? input->axes.size() : 0);
    if (!input->shape_known) continue;
    for (std::size_t i = 0; i < input->axes.size(); ++i) {
      Result<Axis> axis = meet(walk, node, out, out.axes[offset + i], input->axes[i]);
      if (!axis) return std::move(axis).error();
      out.axes[offset + i] = *std::move(axis);
    }
  }
  return out;
}

Result<void> give_up(Walk& walk, ir::NodeId node) {
  Flow out;
  for (std::size_t i = 0; i < walk.graph().node(node).inputs.size(); ++i) absorb(out, walk.input(node, i), walk, node);
  make_global(out, walk, node, "has a size that cannot be told from the graph");
  for (std::size_t i = 0; i < walk.graph().node(node).outputs.size(); ++i) walk.set_output(node, out, i);
  return {};
}

double elements_of(const Flow& flow) {
  double product = 1;
  for (const Axis& axis : flow.axes) product *= static_cast<double>(base_size(axis));
  return product;
}

void fold_phases(Axis& axis, Flow& flow) {
  for (std::size_t i = 1; i < axis.size();) {
    Atom& before = axis[i - 1];
    const Atom& atom = axis[i];
    const bool varies =
        std::any_of(atom.size.begin(), atom.size.end(), [&](std::int64_t s) { return s != atom.size[0]; });
    if (!is_spatial(before.role) || is_spatial(atom.role) || varies) {
      ++i;
      continue;
    }
    // Element o of the finer grid is pixel (o mod k) of element o/k, rounded down, of the coarser.
    const std::int64_t factor = std::max<std::int64_t>(atom.size[0], 1);
    Reach& reach = reach_along(flow, before.role);
    reach.low = reach.low - Rational(factor - 1, factor) * reach.step;
    reach.step = reach.step / factor;
    for (std::int64_t& size : before.size) size = std::min(size, kLongestAxis / factor) * factor;
    axis.erase(axis.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::optional<std::vector<std::size_t>> named_axes(const Walk& walk, ir::NodeId node, std::size_t index, int rank) {
  std::vector<std::size_t> axes;
  if (!walk.has_input(node, index)) {
    for (int i = 0; i < rank; ++i) axes.push_back(static_cast<std::size_t>(i));
    return axes;
  }
  const auto numbers = walk.numbers(node, index);
  if (!numbers) return std::nullopt;
  for (std::size_t i = 0; i < numbers->elements.size(); ++i) {
    const auto value = fixed_number(*numbers, i);
    const auto axis = value ? axis_index(*value, rank) : std::nullopt;
    if (!axis) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

std::optional<std::size_t> axis_index(std::int64_t axis, int rank) {
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  return static_cast<std::size_t>(axis);
}

}  // namespace mantissa::net
