#include "pass/insert_taps.h"

namespace mantissa::pass {

void insert_taps(ir::Graph& graph, std::span<const ir::ValueId> values) {
  // An engine may start from the last node of the file: the tap of the first value comes last, so that each runs right
  // behind its producer instead of keeping every value alive until the end (run/onnxruntime/operators.h has the
  // measurement).
  for (std::size_t i = values.size(); i-- > 0;) {
    const ir::ValueId id = values[i];
    const std::string name = graph.value(id).name;
    const ir::ValueId token = graph.add_value(name + "_tap", base::NumberFormat::int64, ir::Shape{{1, ""}});
    graph.add_node({.op = "Tap",
                    .domain = "mantissa",
                    .name = name + "_tap",
                    .inputs = {id},
                    .outputs = {token},
                    .attributes = {{"value", name}},
                    .format = base::NumberFormat::float32});
    graph.outputs.push_back(token);
  }
}

}  // namespace mantissa::pass
