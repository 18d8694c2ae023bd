#include "plan/dependence.h"

#include <algorithm>

namespace mantissa::plan {

Dependence dependence(const ir::Graph& graph, const std::vector<ir::NodeId>& sorted) {
  std::set<ir::ValueId> of_picture(graph.inputs.begin(), graph.inputs.end()), of_sizes;
  Dependence dependence;
  for (const ir::NodeId id : sorted) {
    const ir::Node& node = graph.node(id);
    const auto reads = [&](const std::set<ir::ValueId>& values) {
      return std::any_of(node.inputs.begin(), node.inputs.end(),
                         [&](ir::ValueId input) { return values.contains(input); });
    };
    const bool measures = node.domain.empty() && (node.op == "Shape" || node.op == "Size");
    const bool picture = !measures && reads(of_picture);
    const bool sizes = measures || reads(of_sizes);
    if (picture) dependence.on_picture.insert(id);
    if (sizes) dependence.on_sizes.insert(id);
    for (const ir::ValueId output : node.outputs) {
      if (output == ir::kNoValue) continue;
      if (picture) of_picture.insert(output);
      if (sizes) of_sizes.insert(output);
    }
  }
  return dependence;
}

}  // namespace mantissa::plan
