#include "net/global_branch.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

// Weights of a layer may be among them, a picture made small may not.
constexpr std::int64_t kMostNumbers = 1 << 16;
// Above it, the branch on the whole picture takes nearly the memory and time that the network would.
constexpr double kLargestShare = 0.5;

using Sides = std::vector<std::int64_t>;
using Found = std::map<ir::ValueId, Sides>;

// The shape of a value that depends on the whole picture and is as large for any; nullopt for every other.
std::optional<Sides> fixed_sides(const Flow& flow) {
  if (!flow.shape_known || !flow.depends || !flow.global) return std::nullopt;
  Sides sides;
  for (const Axis& axis : flow.axes) {
    const Sizes sizes = sizes_of(axis);
    const bool varies = std::any_of(sizes.begin(), sizes.end(), [&](std::int64_t size) { return size != sizes[0]; });
    if (varies || has_spatial(axis)) return std::nullopt;
    sides.push_back(sizes[0]);
  }
  return sides;
}

std::int64_t count_of(const Sides& sides) {
  std::int64_t count = 1;
  for (const std::int64_t side : sides) count = count > kMostNumbers ? count : count * side;
  return count;
}

struct Seen {
  Found fixed;
  double bytes_per_pixel = 0;
  double macs = 0;
};

// nullopt: the walk does not come to the end.
std::optional<Seen> look_at(const ir::Graph& graph) {
  Seen seen;
  Walk walk(graph);
  walk.watch = [&](ir::ValueId id, const Flow& flow) {
    if (auto sides = fixed_sides(flow)) seen.fixed.emplace(id, *std::move(sides));
  };
  if (!walk.run().ok()) return std::nullopt;
  seen.bytes_per_pixel = walk.bytes_per_pixel();
  for (const NodeCost& cost : walk.costs()) seen.macs += cost.macs_per_pixel;
  return seen;
}

// Those that a node reads whose result is not fixed: there the rest begins.
Found border_of(const ir::Graph& graph, const Found& fixed) {
  Found border;
  for (const auto& [id, sides] : fixed) {
    const auto& uses = graph.value(id).uses;
    const bool leaves = std::any_of(uses.begin(), uses.end(), [&](const ir::Use& use) {
      const auto& outputs = graph.node(use.node).outputs;
      return std::any_of(outputs.begin(), outputs.end(),
                         [&](ir::ValueId out) { return out != ir::kNoValue && !fixed.contains(out); });
    });
    if (leaves) border.emplace(id, sides);
  }
  return border;
}

ir::ValueId reshaped(ir::Graph& graph, ir::ValueId value, const Sides& sides, const std::string& name) {
  const auto count = static_cast<std::int64_t>(sides.size());
  return graph.add("Reshape", {value, graph.add_constant(name + "/shape", ir::Tensor::of_integers({count}, sides))}, {},
                   name);
}

ir::Graph branch_of(ir::Graph graph, const Found& border, std::int64_t numbers) {
  std::vector<ir::ValueId> flat;
  for (const auto& [id, sides] : border)
    flat.push_back(reshaped(graph, id, {1, count_of(sides)}, graph.value(id).name + "/flat"));
  graph.outputs = {graph.add("Concat", std::move(flat), {{"axis", std::int64_t{1}}}, "seen")};
  graph.value(graph.outputs.front()).format = base::NumberFormat::float32;
  graph.value(graph.outputs.front()).shape = ir::Shape{{1, ""}, {numbers, ""}};
  graph.erase_unused();
  return graph;
}

ir::Graph rest_of(ir::Graph graph, const Found& border, std::int64_t numbers) {
  const ir::ValueId seen = graph.add_input("seen", base::NumberFormat::float32, {{1, ""}, {numbers, ""}});
  ir::Node parts;
  parts.op = "Split";
  parts.name = "parts";
  parts.attributes = {{"axis", std::int64_t{1}}};
  Sides counts;
  for (const auto& [id, sides] : border) {
    counts.push_back(count_of(sides));
    parts.outputs.push_back(graph.add_value(graph.value(id).name + "/part", base::NumberFormat::float32));
  }
  const auto how_many = static_cast<std::int64_t>(counts.size());
  parts.inputs = {seen, graph.add_constant("parts/counts", ir::Tensor::of_integers({how_many}, counts))};
  const std::vector<ir::ValueId> made = parts.outputs;
  graph.add_node(std::move(parts));
  std::size_t next = 0;
  for (const auto& [id, sides] : border)
    graph.replace_uses(id, reshaped(graph, made[next++], sides, graph.value(id).name + "/seen"));
  graph.erase_unused();
  return graph;
}

}  // namespace

std::optional<GlobalBranch> split_global_branch(const ir::Graph& graph) {
  if (graph.inputs.size() != 1) return std::nullopt;
  const auto& shape = graph.value(graph.inputs.front()).shape;
  const auto whole = look_at(graph);
  if (!whole || !shape || shape->empty() || shape->front().size > 1) return std::nullopt;
  const Found border = border_of(graph, whole->fixed);
  GlobalBranch split;
  for (const auto& [id, sides] : border) {
    const std::int64_t count = count_of(sides);
    split.numbers += count;
    if (count < 1 || split.numbers > kMostNumbers || graph.value(id).format != base::NumberFormat::float32 ||
        graph.is_output(id))
      return std::nullopt;
  }
  if (border.empty()) return std::nullopt;
  split.branch = branch_of(graph, border, split.numbers);
  split.rest = rest_of(graph, border, split.numbers);
  const auto rest = find_geometry(split.rest);
  const auto branch = look_at(split.branch);
  if (!rest.ok() || !rest->radius || !branch) return std::nullopt;
  split.geometry = *rest;
  split.branch_bytes_per_pixel = branch->bytes_per_pixel;
  split.branch_share = whole->macs > 0 ? branch->macs / whole->macs : 0;
  const bool is_small = split.branch_share <= kLargestShare && split.branch_bytes_per_pixel > 0 &&
                        split.branch_bytes_per_pixel <= kLargestShare * whole->bytes_per_pixel;
  return is_small ? std::optional(std::move(split)) : std::nullopt;
}

}  // namespace mantissa::net
