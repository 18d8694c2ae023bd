#include "plan/plan.h"

#include <algorithm>
#include <set>

#include "plan/dependence.h"
#include "plan/layers.h"

namespace mantissa::plan {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::NodeId;
using ir::ValueId;
using pass::QdqStyle;

// Nodes whose results act on the picture only through values of a size that no picture changes: a gain, a colour matrix.
std::set<NodeId> for_the_whole_picture(const Graph& graph, const std::vector<NodeId>& sorted) {
  const auto& input = graph.inputs.empty() ? std::optional<ir::Shape>() : graph.value(graph.inputs[0]).shape;
  const std::string batch = input && !input->empty() ? input->front().symbol : std::string();
  const auto extends = [&](ValueId id) {  // with the picture, not with the number of pictures
    const auto& shape = graph.value(id).shape;
    return !shape || std::any_of(shape->begin(), shape->end(), [&](const ir::Dimension& each) {
      return each.size < 0 && (batch.empty() || each.symbol != batch);
    });
  };
  std::set<NodeId> whole;
  if (std::none_of(graph.outputs.begin(), graph.outputs.end(), extends)) return whole;  // all sizes are fixed
  for (auto id = sorted.rbegin(); id != sorted.rend(); ++id) {
    const std::vector<ValueId>& outputs = graph.node(*id).outputs;
    const bool reaches = std::any_of(outputs.begin(), outputs.end(), [&](ValueId output) {
      if (output == ir::kNoValue || !extends(output)) return false;
      const std::vector<ir::Use>& uses = graph.value(output).uses;
      return graph.is_output(output) ||
             std::any_of(uses.begin(), uses.end(), [&](const ir::Use& use) { return !whole.contains(use.node); });
    });
    if (!reaches) whole.insert(*id);
  }
  return whole;
}

// Nodes that no layer with constant weights follows.
std::set<NodeId> behind_layers(const Graph& graph, const std::vector<NodeId>& sorted) {
  std::set<NodeId> behind;
  for (auto id = sorted.rbegin(); id != sorted.rend(); ++id) {
    const ir::Node& node = graph.node(*id);
    if (has_weights(node) && graph.constant_input(*id, 1) != nullptr) continue;
    const bool leads_to_layer = std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
      if (output == ir::kNoValue) return false;
      const std::vector<ir::Use>& uses = graph.value(output).uses;
      return std::any_of(uses.begin(), uses.end(), [&](const ir::Use& use) { return !behind.contains(use.node); });
    });
    if (!leads_to_layer) behind.insert(*id);
  }
  return behind;
}

// Why an operator with weights cannot be computed in eight bits; empty when it can.
std::string obstacle_to_eight_bits(const Graph& graph, NodeId id, QdqStyle style, NumberFormat format) {
  const ir::Node& node = graph.node(id);
  const bool matrix = node.op == "MatMul" || node.op == "Gemm";
  // Integers into one, float out of it: OpenVINO has the kernel, ONNX Runtime has none.
  const bool transposed = node.op == "ConvTranspose" && style == QdqStyle::inputs_only &&
                          format == NumberFormat::int8 && graph.integer(id, "group", 1) == 1;
  if (node.op != "Conv" && !matrix && !transposed) return "the engine computes " + node.op + " in float";
  if (matrix && style == QdqStyle::closed)
    return "closing the chain behind a matrix product costs more than its integers save";
  if (graph.constant_input(id, 1) == nullptr) return "its weights are computed, not constant";
  if (graph.value(node.inputs[1]).format != NumberFormat::float32) return "its weights are not float32";
  return {};
}

// What follows an integer convolution and can work on its integers: a Relu that the range absorbs, or a move of data.
bool continues_in_integers(const Graph& graph, NodeId id, const std::set<NodeId>& integer_nodes) {
  const ir::Node& node = graph.node(id);
  if (node.op != "Relu" && !only_moves_data(node)) return false;
  const ir::Value& input = graph.value(node.inputs[0]);
  if (input.producer == ir::kNoNode || !integer_nodes.contains(input.producer)) return false;
  return only_moves_data(node) || (input.uses.size() == 1 && !graph.is_output(node.inputs[0]));
}

// ConstantOfShape, EyeLike, the random ones; Cast is told another type when it is lowered.
bool states_its_type(const ir::Node& node) {
  return node.attributes.contains("dtype") || (node.op == "ConstantOfShape" && node.domain.empty());
}

bool computes_on_floats(const Graph& graph, NodeId id) {
  const ir::Node& node = graph.node(id);
  return std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId output) {
    return output != ir::kNoValue && graph.value(output).format == NumberFormat::float32;
  });
}

}  // namespace

bool only_moves_data(const ir::Node& node) { return node.domain.empty() && node.op == "DepthToSpace"; }

void Choice::refuse(NumberFormat instead, std::string why) {
  refused.push_back({format, why});
  format = instead;
  reason = std::move(why);
}

Plan plan_eight_bits(const Graph& graph, QdqStyle style, NumberFormat format,
                     const std::map<NodeId, std::string>& protected_nodes) {
  const bool floating = base::is_floating(format);
  Plan plan{.variant = floating ? "fp8" : "int8", .choices = {}};
  std::set<NodeId> integer_nodes;
  const std::vector<NodeId> sorted = graph.sorted();
  const Dependence depends = dependence(graph, sorted);
  const std::set<NodeId> whole = for_the_whole_picture(graph, sorted);
  for (const NodeId id : sorted) {
    std::string obstacle = obstacle_to_eight_bits(graph, id, style, format);
    // Nothing that is observed, and an engine computes it once.
    if (obstacle.empty() && !depends.on_picture.contains(id)) obstacle = "its result does not depend on the picture";
    // An error there is one of all pixels alike, and repair sees it add up in no square.
    if (obstacle.empty() && whole.contains(id)) obstacle = "its result acts on the whole picture alike";
    if (const auto entry = protected_nodes.find(id); entry != protected_nodes.end()) obstacle = entry->second;
    if (obstacle.empty()) {
      plan.choices.push_back(
          {id, format, floating ? "8-bit floats with 32-bit sums" : "8-bit products with 32-bit sums", {}});
      integer_nodes.insert(id);
    } else if (style == QdqStyle::closed && continues_in_integers(graph, id, integer_nodes)) {
      plan.choices.push_back({id, format, "works on the integers of the convolution before it", {}});
      integer_nodes.insert(id);
    } else {
      plan.choices.push_back({id, NumberFormat::float32, obstacle, {{format, obstacle}}});
    }
  }
  return plan;
}

Plan plan_half(const Graph& graph, NumberFormat format) {
  Plan plan{.variant = format == NumberFormat::float16 ? "fp16" : "bf16", .choices = {}};
  const std::vector<NodeId> sorted = graph.sorted();
  const Dependence depends = dependence(graph, sorted);
  // Eight significant bits are those of the picture: rounding once more in them is seen.
  const std::set<NodeId> behind = format == NumberFormat::bfloat16 ? behind_layers(graph, sorted) : std::set<NodeId>();
  for (const NodeId id : sorted) {
    plan::Choice choice{id, NumberFormat::float32, {}, {}};
    if (!computes_on_floats(graph, id)) {
      choice.reason = "computes on integers or shapes";
    } else if (depends.on_sizes.contains(id) && !depends.on_picture.contains(id)) {
      choice.reason = "depends on the sizes of the picture alone";
    } else if (states_its_type(graph.node(id))) {
      choice.reason = "states its type in an attribute";
    } else if (format == NumberFormat::bfloat16 && graph.node(id).op == "Einsum") {
      choice.reason = "ONNX has no Einsum in bfloat16";
    } else {
      choice.format = format;
      choice.reason = "half the memory and bandwidth of float32";
      if (behind.contains(id)) choice.refuse(NumberFormat::float32, "makes the picture, behind the last layer");
    }
    plan.choices.push_back(std::move(choice));
  }
  return plan;
}

void apply(const Plan& plan, Graph& graph) {
  for (const Choice& choice : plan.choices) graph.node(choice.node).format = choice.format;
}

std::vector<ValueId> values_to_quantize(const Graph& graph, QdqStyle style) {
  std::vector<ValueId> values;
  const auto add = [&](ValueId id) {
    if (std::find(values.begin(), values.end(), id) == values.end()) values.push_back(id);
  };
  for (const NodeId id : graph.sorted()) {
    const ir::Node& node = graph.node(id);
    if (!base::needs_scale(node.format)) continue;
    const bool absorbed_relu = node.op == "Relu";
    if (!absorbed_relu) add(node.inputs[0]);
    if (style == QdqStyle::inputs_only) continue;
    const ir::Value& output = graph.value(node.outputs[0]);
    const bool relu_follows = output.uses.size() == 1 && graph.node(output.uses[0].node).op == "Relu" &&
                              base::needs_scale(graph.node(output.uses[0].node).format) &&
                              !graph.is_output(node.outputs[0]);
    if (!relu_follows) add(node.outputs[0]);
  }
  return values;
}

}  // namespace mantissa::plan
