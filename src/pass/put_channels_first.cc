#include "pass/put_channels_first.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mantissa::pass {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::NodeId;
using ir::ValueId;
using Order = std::vector<std::int64_t>;

const Order kToLast = {0, 2, 3, 1}, kToFirst = {0, 3, 1, 2};

constexpr std::array<std::string_view, 30> kElementwise = {
    "Abs",   "Add",         "Cast",       "Ceil",      "Clip",  "Div",     "Elu",      "Erf",  "Exp", "Floor",
    "Gelu",  "HardSigmoid", "HardSwish",  "LeakyRelu", "Log",   "Max",     "Min",      "Mish", "Mul", "Neg",
    "PRelu", "Pow",         "Reciprocal", "Relu",      "Round", "Sigmoid", "Softplus", "Sqrt", "Sub", "Tanh"};

bool is_elementwise(const Graph& graph, NodeId id) {
  return std::any_of(kElementwise.begin(), kElementwise.end(), [&](std::string_view op) { return graph.is(id, op); });
}

bool counts_channels(const ir::Dimension& dimension) { return dimension.size == 1 || dimension.size == 3; }

// Whether it is a picture with its channels last; `assumed` where its sizes do not tell.
bool has_channels_last(const ir::Value& value, bool assumed) {
  if (!value.shape || value.shape->size() != 4) return false;
  const ir::Shape& shape = *value.shape;
  return !counts_channels(shape[1]) && (counts_channels(shape[3]) || (assumed && shape[3].size < 0));
}

// y = Transpose(x) {perm=order}: axis a of y is axis order[a] of x.
ir::Shape turned(const ir::Shape& shape, const Order& order) {
  ir::Shape result;
  for (const std::int64_t axis : order) result.push_back(shape[static_cast<std::size_t>(axis)]);
  return result;
}

ir::Shape turned_back(const ir::Shape& shape, const Order& order) {
  ir::Shape result(order.size());
  for (std::size_t a = 0; a < order.size(); ++a) result[static_cast<std::size_t>(order[a])] = shape[a];
  return result;
}

ValueId add_transpose(Graph& graph, ValueId x, const Order& order) {
  const ValueId y = graph.add("Transpose", {x}, {{"perm", order}}, graph.value(x).name + "/turned");
  graph.value(y).format = graph.value(x).format;
  if (graph.value(x).shape) graph.value(y).shape = turned(*graph.value(x).shape, order);
  return y;
}

// `value` takes the place of `old_value` and, where that is an output of the network, its name.
void put_in_place_of(Graph& graph, ValueId old_value, ValueId value) {
  if (!graph.is_output(old_value)) return graph.replace_uses(old_value, value, graph.value(value).producer);
  const std::optional<NumberFormat> format = graph.value(value).format;
  std::optional<ir::Shape> shape = graph.value(value).shape;
  if (graph.value(value).producer == ir::kNoNode || graph.is_output(value)) value = graph.add("Identity", {value});
  graph.value(value).format = format;
  graph.value(value).shape = std::move(shape);
  const std::string name = graph.value(old_value).name;
  graph.replace_uses(old_value, value, graph.value(value).producer);
  graph.rename(old_value, name + "/before");
  graph.rename(value, name);
}

// --- transposes ---

struct Turn {
  ValueId from;
  Order order;
};

// What a value is the Transpose of.
std::optional<Turn> turn_of(const Graph& graph, ValueId value) {
  if (value == ir::kNoValue) return std::nullopt;
  const NodeId maker = graph.value(value).producer;
  if (!graph.is(maker, "Transpose")) return std::nullopt;
  const ValueId from = graph.node(maker).inputs[0];
  Order order = graph.integers(maker, "perm", {});
  if (order.size() != 4 || !graph.value(from).shape) return std::nullopt;
  return Turn{from, std::move(order)};
}

// The constant that broadcasts against x as `constant` does against Transpose(x).
std::optional<ValueId> turned_constant(Graph& graph, ValueId id, const Order& order) {
  const ir::Tensor tensor = *graph.value(id).constant;
  if (tensor.count() == 1 && tensor.shape.size() <= 1) return id;
  // One number for each index of a single axis: only its place changes.
  ir::Tensor result = tensor;
  result.shape.assign(4, 1);
  for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
    const std::size_t axis = 4 - tensor.shape.size() + d;
    if (tensor.shape[d] != 1 && tensor.shape[d] != tensor.count()) return std::nullopt;
    if (tensor.shape[d] != 1) result.shape[static_cast<std::size_t>(order[axis])] = tensor.shape[d];
  }
  return graph.add_constant(graph.value(id).name + "/turned", std::move(result));
}

// The inputs of a node before the one Transpose that all its computed inputs went through.
bool inputs_before(Graph& graph, NodeId id, std::vector<ValueId>& inputs, Order& order) {
  const std::vector<ValueId> all = graph.node(id).inputs;
  for (const ValueId input : all) {
    const auto turn = turn_of(graph, input);
    if (!turn) continue;
    if (!order.empty() && order != turn->order) return false;
    order = turn->order;
  }
  if (order.empty()) return false;
  for (const ValueId input : all) {
    if (input == ir::kNoValue) {
      inputs.push_back(input);
    } else if (const auto turn = turn_of(graph, input)) {
      inputs.push_back(turn->from);
    } else {
      if (!graph.value(input).constant || graph.value(input).constant->shape.size() > 4) return false;
      const auto constant = turned_constant(graph, input, order);
      if (!constant) return false;
      inputs.push_back(*constant);
    }
  }
  return true;
}

// y = Op(Transpose(a), Transpose(b)) becomes y = Transpose(Op(a, b)).
void lower_transpose(Graph& graph, NodeId id) {
  const ir::Node node = graph.node(id);
  const ir::Value result = graph.value(node.outputs[0]);
  const bool joins = graph.is(id, "Concat");
  if (!(joins || is_elementwise(graph, id)) || node.outputs.size() != 1 || !result.shape || result.shape->size() != 4)
    return;
  std::vector<ValueId> inputs;
  Order order;
  if (!inputs_before(graph, id, inputs, order)) return;
  auto attributes = node.attributes;
  if (joins) {
    const std::int64_t axis = graph.integer(id, "axis", 0);
    attributes["axis"] = order[static_cast<std::size_t>(axis < 0 ? axis + 4 : axis)];
  }
  const ValueId before = graph.add(node.op, std::move(inputs), std::move(attributes), node.name);
  graph.value(before).format = result.format;
  graph.value(before).shape = turned_back(*result.shape, order);
  graph.replace(node.outputs[0], add_transpose(graph, before, order));
}

// z = Transpose(Transpose(x)) in inverse orders becomes x.
void drop_pair(Graph& graph, NodeId id) {
  const auto second = turn_of(graph, graph.node(id).outputs[0]);
  const auto first = second ? turn_of(graph, second->from) : std::nullopt;
  if (!first) return;
  for (std::size_t a = 0; a < 4; ++a)
    if (first->order[static_cast<std::size_t>(second->order[a])] != static_cast<std::int64_t>(a)) return;
  put_in_place_of(graph, graph.node(id).outputs[0], first->from);
}

// tf2onnx leaves sizes open: those of an output are taken to be as the input's.
void turn_ends(Graph& graph) {
  bool turned_input = false;
  for (const ValueId input : graph.inputs) {
    if (!has_channels_last(graph.value(input), false)) continue;
    const ir::Shape last = *graph.value(input).shape;
    graph.value(input).shape = turned(last, kToFirst);
    const ValueId before = add_transpose(graph, input, kToLast);
    graph.value(before).shape = last;
    graph.replace_uses(input, before, graph.value(before).producer);
    turned_input = true;
  }
  if (!turned_input) return;
  for (const ValueId output : graph.outputs)
    if (has_channels_last(graph.value(output), true))
      put_in_place_of(graph, output, add_transpose(graph, output, kToFirst));
  for (const NodeId id : graph.sorted()) {
    if (graph.is(id, "Transpose"))
      drop_pair(graph, id);
    else
      lower_transpose(graph, id);
  }
  graph.erase_unused();
}

// --- bytes ---

bool is_cast(const Graph& graph, NodeId id, NumberFormat from, NumberFormat to) {
  return graph.is(id, "Cast") && graph.value(graph.node(id).inputs[0]).format == from &&
         graph.value(graph.node(id).outputs[0]).format == to;
}

bool take_floats(Graph& graph, ValueId input) {
  const std::vector<ir::Use> uses = graph.value(input).uses;
  const auto makes_floats = [&](const ir::Use& use) {
    return is_cast(graph, use.node, NumberFormat::uint8, NumberFormat::float32);
  };
  if (uses.empty() || !std::all_of(uses.begin(), uses.end(), makes_floats)) return false;
  graph.value(input).format = NumberFormat::float32;
  for (const ir::Use& use : uses) graph.replace_uses(graph.node(use.node).outputs[0], input);
  return true;
}

bool give_floats(Graph& graph, ValueId output) {
  const NodeId cast = graph.value(output).producer;
  if (!is_cast(graph, cast, NumberFormat::float32, NumberFormat::uint8)) return false;
  put_in_place_of(graph, output, graph.node(cast).inputs[0]);
  return true;
}

}  // namespace

Ends put_channels_first(Graph& graph) {
  turn_ends(graph);
  Ends ends;
  const std::vector<ValueId> inputs = graph.inputs, outputs = graph.outputs;
  for (const ValueId input : inputs) ends.takes_bytes |= take_floats(graph, input);
  for (const ValueId output : outputs) ends.gives_bytes |= give_floats(graph, output);
  graph.erase_unused();
  return ends;
}

}  // namespace mantissa::pass
