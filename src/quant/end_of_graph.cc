#include "quant/end_of_graph.h"

#include <string>
#include <vector>

namespace mantissa::quant {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

std::set<ValueId> values_at_the_end(const Graph& graph) {
  static const std::set<std::string, std::less<>> kKeepsPicture = {"DepthToSpace", "Add",   "Sub",     "Clip",
                                                                   "Identity",     "Slice", "Reshape", "Transpose"};
  std::set<ValueId> found;
  std::vector<ValueId> open(graph.outputs.begin(), graph.outputs.end());
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (!found.insert(id).second) continue;
    const NodeId producer = graph.value(id).producer;
    if (producer == ir::kNoNode || !kKeepsPicture.contains(graph.node(producer).op)) continue;
    for (const ValueId input : graph.node(producer).inputs)
      if (input != ir::kNoValue && !graph.value(input).constant) open.push_back(input);
  }
  return found;
}

}  // namespace mantissa::quant
