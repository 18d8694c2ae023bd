#include "pass/fuse_depth_to_space.h"

#include <string>
#include <vector>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// The node of this operator that alone makes a value for another.
NodeId made_by(const Graph& graph, ValueId id, std::string_view op) {
  const NodeId maker = graph.only_maker(id);
  return graph.is(maker, op) ? maker : ir::kNoNode;
}

// Where the mode has channels and the two sides of a block among the six axes, and where Transpose takes them.
struct Form {
  const char* mode;
  std::size_t channels, first_side;
  std::vector<std::int64_t> order;
};
const Form kForms[] = {{"CRD", 1, 2, {0, 1, 4, 2, 5, 3}}, {"DCR", 3, 1, {0, 3, 4, 1, 5, 2}}};

bool fits(const Form& form, const ir::Shape& in, const ir::Shape& split, const ir::Shape& out) {
  const std::int64_t channels = split[form.channels].size, side = split[form.first_side].size;
  return channels > 0 && side > 1 && split[form.first_side + 1].size == side && in[1].size == channels * side * side &&
         out[1].size == channels && (split[4].size < 0 || out[2].size < 0 || out[2].size == split[4].size * side) &&
         (split[5].size < 0 || out[3].size < 0 || out[3].size == split[5].size * side);
}

}  // namespace

void fuse_depth_to_space(Graph& graph) {
  for (const NodeId last : graph.sorted()) {
    if (graph.node(last).op != "Reshape") continue;
    const NodeId transpose = made_by(graph, graph.node(last).inputs[0], "Transpose");
    if (transpose == ir::kNoNode) continue;
    const NodeId first = made_by(graph, graph.node(transpose).inputs[0], "Reshape");
    if (first == ir::kNoNode) continue;
    const ValueId x = graph.node(first).inputs[0], y = graph.node(last).outputs[0];
    const auto& in = graph.value(x).shape;
    const auto& split = graph.value(graph.node(first).outputs[0]).shape;
    const auto& out = graph.value(y).shape;
    if (!in || !split || !out || in->size() != 4 || split->size() != 6 || out->size() != 4) continue;
    for (const Form& form : kForms) {
      if (graph.integers(transpose, "perm", {}) != form.order || !fits(form, *in, *split, *out)) continue;
      const ValueId fused = graph.add("DepthToSpace", {x},
                                      {{"blocksize", (*split)[form.first_side].size}, {"mode", std::string(form.mode)}},
                                      graph.node(last).name);
      graph.replace(y, fused);
      break;
    }
  }
  graph.erase_unused();
}

}  // namespace mantissa::pass
