#include "pass/fuse_gelu.h"

#include <cmath>
#include <numbers>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::kNoValue;
using ir::NodeId;
using ir::ValueId;

// Exporters round sqrt(2) to float32 or to half.
bool is_constant(const Graph& graph, NodeId node, std::size_t input, double expected) {
  constexpr double kTolerance = 1e-3;
  const ir::Tensor* constant = graph.constant_input(node, input);
  if (constant == nullptr || constant->count() != 1) return false;
  const auto values = constant->floats();
  return values.ok() && std::fabs(static_cast<double>((*values)[0]) / expected - 1) < kTolerance;
}

// Of a node that takes a value and one number: the value.
ValueId beside_constant(const Graph& graph, NodeId node, double expected) {
  const std::vector<ValueId>& inputs = graph.node(node).inputs;
  if (inputs.size() != 2) return kNoValue;
  if (is_constant(graph, node, 1, expected)) return inputs[0];
  return is_constant(graph, node, 0, expected) ? inputs[1] : kNoValue;
}

// x, of Erf(x / sqrt(2)) or Erf(x * sqrt(1/2)).
ValueId argument_of(const Graph& graph, NodeId erf) {
  const ValueId scaled = graph.node(erf).inputs[0];
  const NodeId by = graph.value(scaled).producer;
  if (graph.only_reader(scaled) != erf) return kNoValue;
  if (graph.is(by, "Div") && is_constant(graph, by, 1, std::numbers::sqrt2)) return graph.node(by).inputs[0];
  return graph.is(by, "Mul") ? beside_constant(graph, by, 1 / std::numbers::sqrt2) : kNoValue;
}

// What comes out of the products of 1 + erf with x and 0.5.
ValueId product_of(const Graph& graph, ValueId sum, ValueId x) {
  bool with_x = false, with_half = false;
  ValueId product = sum;
  while (!with_x || !with_half) {
    const NodeId next = graph.only_reader(product);
    if (!graph.is(next, "Mul")) return kNoValue;
    const std::vector<ValueId>& factors = graph.node(next).inputs;
    const ValueId other = factors[0] == product ? factors[1] : factors[0];
    const NodeId producer = graph.value(other).producer;
    if (other == x && !with_x) {
      with_x = true;
    } else if (!with_half && beside_constant(graph, next, 0.5) == product) {
      with_half = true;
    } else if (!with_x && !with_half && graph.is(producer, "Mul") && beside_constant(graph, producer, 0.5) == x) {
      with_x = with_half = true;
    } else {
      return kNoValue;
    }
    product = graph.node(next).outputs[0];
  }
  return product;
}

}  // namespace

void fuse_gelu(Graph& graph) {
  for (const NodeId erf : graph.sorted()) {
    if (!graph.is(erf, "Erf")) continue;
    const ValueId x = argument_of(graph, erf);
    const NodeId add = graph.only_reader(graph.node(erf).outputs[0]);
    if (x == kNoValue || !graph.is(add, "Add") || beside_constant(graph, add, 1) == kNoValue) continue;
    const ValueId spelled = product_of(graph, graph.node(add).outputs[0], x);
    if (spelled == kNoValue) continue;
    const ValueId fused = graph.add("Gelu", {x}, {}, graph.node(graph.value(spelled).producer).name);
    graph.replace(spelled, fused);
  }
  graph.erase_unused();
}

}  // namespace mantissa::pass
