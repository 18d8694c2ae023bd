#include "net/merge_sizes.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "net/geometry.h"
#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

// Shape and elements at each probe, of whole numbers.
struct Seen {
  std::vector<std::int64_t> shape;
  std::vector<double> elements;  // kProbes of each
  auto operator<=>(const Seen&) const = default;
};
using SeenValues = std::map<ir::ValueId, Seen>;

bool is_one_picture(const ir::Graph& graph) {
  return std::all_of(graph.inputs.begin(), graph.inputs.end(), [&](ir::ValueId id) {
    const auto& shape = graph.value(id).shape;
    return shape && shape->size() == 4 && shape->front().size == 1;
  });
}

// nullopt: the graph does not work for such pictures.
std::optional<SeenValues> walk_through(const ir::Graph& graph, int map_step, Walk::Base base) {
  SeenValues seen;
  Walk walk(graph, map_step, base);
  walk.watch = [&](ir::ValueId id, const Flow& flow) {
    if (!flow.numbers || !flow.numbers->integral || graph.value(id).format != base::NumberFormat::int64) return;
    Seen value;
    for (const Axis& axis : flow.axes) value.shape.push_back(base_size(axis));
    for (const auto& element : flow.numbers->elements)
      value.elements.insert(value.elements.end(), element.begin(), element.end());
    seen.emplace(id, std::move(value));
  };
  if (!walk.run().ok()) return std::nullopt;
  return seen;
}

bool is_fixed(const std::vector<double>& large, const std::vector<double>& small) {
  for (std::size_t i = 0; i < large.size(); ++i)
    if (large[i] != large[i / kProbes * kProbes] || small[i] != large[i / kProbes * kProbes]) return false;
  return true;
}

ir::Tensor constant_of(const Seen& value) {
  std::vector<std::int64_t> elements;
  for (std::size_t i = 0; i < value.elements.size(); i += kProbes)
    elements.push_back(static_cast<std::int64_t>(value.elements[i]));
  return ir::Tensor::of_integers(value.shape, std::move(elements));
}

}  // namespace

int merge_sizes(ir::Graph& graph) {
  if (!is_one_picture(graph)) return 0;
  const auto geometry = find_geometry(graph);
  if (!geometry.ok()) return 0;
  const auto large = walk_through(graph, geometry->map_step, {});
  // Where a size is clipped, small pictures tell; but not of a single row, which the walk takes for no axis at all.
  const int multiple = geometry->size_multiple;
  const auto small = walk_through(graph, geometry->map_step, {2 * multiple, 3 * multiple});
  if (!large || !small) return 0;
  std::map<std::pair<Seen, Seen>, ir::ValueId> first;
  for (const ir::NodeId node : graph.sorted()) {
    if (graph.node(node).outputs.size() != 1) continue;
    const ir::ValueId id = graph.node(node).outputs.front();
    const auto at_large = large->find(id), at_small = small->find(id);
    if (at_large == large->end() || at_small == small->end() || graph.is_output(id)) continue;
    if (at_large->second.shape != at_small->second.shape) continue;
    const auto [entry, is_first] = first.try_emplace({at_large->second, at_small->second}, id);
    if (is_first && is_fixed(at_large->second.elements, at_small->second.elements))
      entry->second = graph.add_constant(graph.value(id).name + "_fixed", constant_of(at_large->second));
    if (entry->second != id) graph.replace_uses(id, entry->second);
  }
  return graph.erase_unused();
}

}  // namespace mantissa::net
