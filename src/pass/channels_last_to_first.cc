#include "pass/channels_last_to_first.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

using Permutation = std::vector<std::int64_t>;
const Permutation kToLast = {0, 2, 3, 1};
const Permutation kToFirst = {0, 3, 1, 2};

bool transposes(const Graph& graph, NodeId id, const Permutation& permutation) {
  return graph.node(id).op == "Transpose" && graph.integers(id, "perm", {}) == permutation;
}

bool works_on_elements(const ir::Node& node) {
  static const std::set<std::string, std::less<>> kOperators = {
      "Add",       "Sub",         "Mul",  "Div", "Erf", "Gelu", "Relu", "LeakyRelu", "Sigmoid", "Tanh",
      "HardSwish", "HardSigmoid", "Sqrt", "Neg", "Abs", "Exp",  "Clip", "Identity",  "Pow"};
  return node.domain.empty() && kOperators.contains(node.op);
}

bool is_product_with_matrix(const Graph& graph, NodeId id) {
  const ir::Tensor* matrix = graph.node(id).op == "MatMul" ? graph.constant_input(id, 1) : nullptr;
  return matrix != nullptr && matrix->shape.size() == 2;
}

bool joins_channels(const Graph& graph, NodeId id) {
  const std::int64_t axis = graph.integer(id, "axis", 0);
  return graph.node(id).op == "Concat" && (axis == 3 || axis == -1);
}

// A constant that means the same for channels in front: one number, or one for each channel.
bool is_plain(const ir::Tensor& constant) {
  return constant.count() == 1 || (constant.shape.size() == 1 && constant.format == base::NumberFormat::float32);
}

// Everything between Transposes to the last place and back.
struct Region {
  std::vector<NodeId> nodes;
  std::vector<NodeId> entries;  // Transposes at the beginning
  std::vector<NodeId> exits;    // and at the end
};

bool belongs(const Graph& graph, NodeId id) {
  if (is_product_with_matrix(graph, id)) return true;
  const ir::Node& node = graph.node(id);
  if (!works_on_elements(node) && !joins_channels(graph, id)) return false;
  return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
    if (input == ir::kNoValue || !graph.value(input).constant) return true;
    return node.op != "Concat" && is_plain(*graph.value(input).constant);
  });
}

// The region that begins with `entry`: whatever is connected with it by values whose channels are last; nothing where
// one of them has no place there.
std::optional<Region> region_from(const Graph& graph, NodeId entry) {
  Region region;
  std::set<NodeId> seen = {entry};
  std::vector<NodeId> open = {entry};
  const auto reach = [&](NodeId id) {
    if (seen.insert(id).second) open.push_back(id);
  };
  while (!open.empty()) {
    const NodeId id = open.back();
    open.pop_back();
    const ir::Node& node = graph.node(id);
    const bool begins = transposes(graph, id, kToLast);
    const bool ends = !begins && transposes(graph, id, kToFirst);
    if (!begins && !ends && !belongs(graph, id)) return std::nullopt;
    (begins ? region.entries : ends ? region.exits : region.nodes).push_back(id);
    if (!begins)
      for (const ValueId input : node.inputs) {
        if (input == ir::kNoValue || graph.value(input).constant) continue;
        if (graph.value(input).producer == ir::kNoNode) return std::nullopt;
        reach(graph.value(input).producer);
      }
    if (!ends) {
      if (graph.is_output(node.outputs[0])) return std::nullopt;
      for (const ir::Use& use : graph.value(node.outputs[0]).uses) {
        if (graph.node(use.node).op == "MatMul" && use.input != 0) return std::nullopt;
        reach(use.node);
      }
    }
  }
  return region;
}

// The new shape of a value: channels first.
void turn(ir::Value& value) {
  if (value.shape && value.shape->size() == 4)
    value.shape = ir::Shape{(*value.shape)[0], (*value.shape)[3], (*value.shape)[1], (*value.shape)[2]};
}

Result<void> to_convolution(Graph& graph, NodeId id) {
  const std::string name = graph.value(graph.node(id).inputs[1]).name;
  const std::vector<std::int64_t> shape = graph.constant_input(id, 1)->shape;
  MANTISSA_ASSIGN(const std::vector<float> matrix, graph.constant_input(id, 1)->floats());
  const auto inputs = static_cast<std::size_t>(shape[0]);
  const auto outputs = static_cast<std::size_t>(shape[1]);
  std::vector<float> weights(matrix.size());
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t o = 0; o < outputs; ++o) weights[o * inputs + i] = matrix[i * outputs + o];
  const ValueId weight =
      graph.add_constant(name, ir::Tensor::of_floats({shape[1], shape[0], 1, 1}, std::move(weights)));
  std::vector<ValueId> operands = {graph.node(id).inputs[0], weight};

  // A constant that is added to nothing but the product is the bias of the convolution.
  ValueId result = graph.node(id).outputs[0];
  std::vector<NodeId> replaced = {id};
  if (graph.value(result).uses.size() == 1) {
    const ir::Use use = graph.value(result).uses[0];
    const ir::Node& next = graph.node(use.node);
    const ValueId other = next.inputs[use.input == 0 && next.inputs.size() > 1 ? 1 : 0];
    const ir::Tensor* bias = next.op == "Add" && graph.value(other).constant ? &*graph.value(other).constant : nullptr;
    if (bias != nullptr && bias->shape == std::vector<std::int64_t>{shape[1]}) {
      operands.push_back(other);
      result = next.outputs[0];
      replaced.push_back(use.node);
    }
  }
  const std::string node_name = graph.node(id).name;
  const ir::Value old = graph.value(result);
  const ValueId convolution =
      graph.add("Conv", operands, {{"kernel_shape", std::vector<std::int64_t>{1, 1}}}, node_name);
  graph.value(convolution).format = old.format;
  graph.value(convolution).shape = old.shape;
  graph.replace_uses(result, convolution);
  for (auto node = replaced.rbegin(); node != replaced.rend(); ++node) graph.erase(*node);
  return {};
}

void turn_constants(Graph& graph, NodeId id) {
  for (int i = 0; i < static_cast<int>(graph.node(id).inputs.size()); ++i) {
    const ir::Tensor* constant = graph.constant_input(id, static_cast<std::size_t>(i));
    if (constant == nullptr || constant->count() == 1) continue;
    ir::Tensor turned = *constant;
    turned.shape = {constant->shape[0], 1, 1};
    graph.set_input(
        id, i,
        graph.add_constant(graph.value(graph.node(id).inputs[static_cast<std::size_t>(i)]).name, std::move(turned)));
  }
}

Result<void> rewrite(Graph& graph, const Region& region) {
  for (const NodeId id : region.entries) graph.replace_uses(graph.node(id).outputs[0], graph.node(id).inputs[0]);
  std::vector<NodeId> products;
  for (const NodeId id : region.nodes) {
    for (const ValueId output : graph.node(id).outputs) turn(graph.value(output));
    if (joins_channels(graph, id)) graph.node(id).attributes["axis"] = std::int64_t{1};
    if (is_product_with_matrix(graph, id)) products.push_back(id);
  }
  for (const NodeId id : products) MANTISSA_TRY(to_convolution(graph, id));
  const std::vector<NodeId> left = graph.nodes();
  for (const NodeId id : region.nodes)
    if (std::find(left.begin(), left.end(), id) != left.end()) turn_constants(graph, id);
  for (const NodeId id : region.exits) {
    const ValueId result = graph.node(id).outputs[0];
    const ValueId source = graph.node(id).inputs[0];
    const std::string name = graph.value(result).name;
    const bool is_output = graph.is_output(result);
    graph.replace_uses(result, source);
    graph.erase(id);
    if (is_output) graph.rename(source, name);
  }
  return {};
}

}  // namespace

Result<void> channels_last_to_first(Graph& graph) {
  std::set<NodeId> done;
  for (const NodeId id : graph.sorted()) {
    if (!transposes(graph, id, kToLast) || done.contains(id)) continue;
    const auto region = region_from(graph, id);
    if (!region) continue;
    done.insert(region->entries.begin(), region->entries.end());
    const bool multiplies = std::any_of(region->nodes.begin(), region->nodes.end(),
                                        [&](NodeId node) { return is_product_with_matrix(graph, node); });
    if (multiplies) MANTISSA_TRY(rewrite(graph, *region));
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::pass
