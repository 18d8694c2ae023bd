#include "ir/verify.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace mantissa::ir {
namespace {

using base::NumberFormat;

Result<void> fail(std::string what) { return bad_input(std::move(what)); }

std::string quoted(const Value& value) { return "\"" + value.name + "\""; }

std::string in_words(const Tensor& tensor) {
  std::string text(base::name_of(tensor.format));
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) text += (i == 0 ? "[" : ",") + std::to_string(tensor.shape[i]);
  return text + (tensor.shape.empty() ? "[]" : "]");
}

Result<void> check_tensor(const Tensor& tensor) {
  if (tensor.fits()) return {};
  return fail("its " + std::to_string(tensor.bytes.size()) + " bytes do not fit " + in_words(tensor));
}

Result<void> check_constant(const Value& value) {
  const Tensor& tensor = *value.constant;
  MANTISSA_TRY(check_tensor(tensor));
  if (value.producer != kNoNode) return fail("it is a constant and computed by a node as well");
  if (value.format && *value.format != tensor.format)
    return fail("it is declared as " + std::string(base::name_of(*value.format)) + " and holds " + in_words(tensor));
  const auto same = [](const Dimension& dimension, std::int64_t size) { return dimension.size == size; };
  if (value.shape &&
      !std::equal(value.shape->begin(), value.shape->end(), tensor.shape.begin(), tensor.shape.end(), same))
    return fail("it holds " + in_words(tensor) + ", which is not the shape that it is declared with");
  return {};
}

// The smallest and largest stored integer; a narrow float is symmetric and has no zero point.
std::pair<std::int64_t, std::int64_t> stored_range(NumberFormat format) {
  if (base::is_floating(format)) return {0, 0};
  const int bits = base::bits_of(format);
  const bool is_signed = base::name_of(format).front() == 'i';
  if (is_signed) return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
  return {0, (std::int64_t{1} << bits) - 1};
}

Result<void> check_quantization(const Value& value) {
  const Quantization& held = *value.quantization;
  const int bits = base::bits_of(held.format);
  if (bits == 0 || bits > 32 || held.format == NumberFormat::boolean)
    return fail("it is quantized to " + std::string(base::name_of(held.format)) +
                ", which is not a format to quantize to");
  if (held.scales.empty()) return fail("its quantization has no scale");
  if (held.scales.size() != held.zero_points.size())
    return fail("its quantization has " + std::to_string(held.scales.size()) + " scales and " +
                std::to_string(held.zero_points.size()) + " zero points");
  for (const float scale : held.scales) {
    if (!std::isfinite(scale) || scale <= 0) return fail("a scale of its quantization is not positive and finite");
  }
  const auto [low, high] = stored_range(held.format);
  for (const std::int32_t zero_point : held.zero_points) {
    if (zero_point < low || zero_point > high)
      return fail("the zero point " + std::to_string(zero_point) + " does not fit " +
                  std::string(base::name_of(held.format)));
  }
  if (held.block < 0) return fail("the block of its quantization is negative");
  if (!held.axis) {
    if (held.block != 0) return fail("its quantization has blocks and no axis");
    if (held.scales.size() != 1) return fail("its quantization has several scales and no axis");
    return {};
  }
  if (*held.axis < 0) return fail("the axis of its quantization is negative");
  if (!value.shape) return {};
  const auto axis = static_cast<std::size_t>(*held.axis);
  if (axis >= value.shape->size()) return fail("the axis of its quantization is beyond its shape");
  const std::int64_t size = (*value.shape)[axis].size;
  if (size < 0) return {};
  std::int64_t blocks = 1;
  if (held.block > 0) {
    std::int64_t elements = 1;  // of a channel
    for (std::size_t d = 0; d < value.shape->size(); ++d) {
      const std::int64_t other = (*value.shape)[d].size;
      if (other < 0) return fail("its quantization has blocks, and its shape is not known");
      if (d != axis && __builtin_mul_overflow(elements, other, &elements)) return fail("its shape is too large");
    }
    blocks = elements / held.block + (elements % held.block != 0 ? 1 : 0);
  }
  const auto scales = static_cast<std::int64_t>(held.scales.size());
  if (size == 0 || blocks == 0 ? scales != 0 : scales % size != 0 || scales / size != blocks)
    return fail("its quantization has " + std::to_string(held.scales.size()) + " scales for " + std::to_string(size) +
                " indices of axis " + std::to_string(axis) +
                (blocks > 1 ? " with " + std::to_string(blocks) + " blocks each" : std::string()));
  return {};
}

// How many inputs of nodes refer to a value.
using References = std::unordered_map<ValueId, std::size_t>;

References count_references(const Graph& graph) {
  References references;
  for (const NodeId id : graph.nodes()) {
    for (const ValueId input : graph.node(id).inputs) {
      if (input != kNoValue) ++references[input];
    }
  }
  return references;
}

// Each entry of the list is right, none is there twice, and there are as many as references: the two say the same.
Result<void> check_uses(const Graph& graph, ValueId id, const References& references) {
  std::vector<Use> uses = graph.value(id).uses;
  const auto found = references.find(id);
  const std::size_t expected = found == references.end() ? 0 : found->second;
  if (uses.size() != expected)
    return fail("its list of uses has " + std::to_string(uses.size()) + " entries for " + std::to_string(expected) +
                " uses");
  for (const Use& use : uses) {
    const Node& user = graph.node(use.node);
    if (use.input < 0 || static_cast<std::size_t>(use.input) >= user.inputs.size() ||
        user.inputs[static_cast<std::size_t>(use.input)] != id)
      return fail("its list of uses names " + graph.describe(use.node) + ", which does not use it there");
  }
  const auto key = [](const Use& use) { return std::pair(use.node, use.input); };
  std::sort(uses.begin(), uses.end(), [&](const Use& left, const Use& right) { return key(left) < key(right); });
  if (std::adjacent_find(uses.begin(), uses.end()) != uses.end()) return fail("its list of uses names one twice");
  return {};
}

Result<void> check_value(const Graph& graph, ValueId id, const References& references) {
  const Value& value = graph.value(id);
  if (value.name.empty()) return fail("a value has no name");
  if (graph.find_value(value.name) != id) return fail("another value has the same name");
  if (value.shape) {
    for (const Dimension& dimension : *value.shape) {
      if (dimension.size < -1) return fail("a size of its shape is negative");
    }
  }
  if (value.constant) MANTISSA_TRY(check_constant(value));
  if (value.quantization) MANTISSA_TRY(check_quantization(value));
  return check_uses(graph, id, references);
}

Result<void> check_node(const Graph& graph, NodeId id, const std::unordered_set<ValueId>& live,
                        const std::unordered_set<ValueId>& inputs) {
  const Node& node = graph.node(id);
  if (node.op.empty()) return fail("it has no operator");
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue) continue;
    const std::string place = "input " + std::to_string(i);
    if (!live.contains(node.inputs[i])) return fail(place + " is a value that was removed");
    const Value& value = graph.value(node.inputs[i]);
    if (value.producer == kNoNode && !value.constant && !inputs.contains(node.inputs[i]))
      return fail(place + ", " + quoted(value) +
                  ", is produced by no node, and is neither a constant nor an input of the graph");
  }
  std::unordered_set<ValueId> outputs;
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    if (!live.contains(output)) return fail("an output is a value that was removed");
    if (graph.value(output).producer != id)
      return fail("its output " + quoted(graph.value(output)) + " is produced by another node as well");
    if (!outputs.insert(output).second) return fail("it has the output " + quoted(graph.value(output)) + " twice");
  }
  for (const auto& [name, attribute] : node.attributes) {
    if (const auto* tensor = std::get_if<Tensor>(&attribute))
      MANTISSA_TRY(check_tensor(*tensor).in("attribute " + name));
  }
  return {};
}

// A node that really lies on a cycle, not merely behind one: from any node that could not be sorted, producers that
// could not be sorted either lead around the cycle, and the first that is met twice is on it.
NodeId node_on_cycle(const Graph& graph, const std::vector<NodeId>& sorted) {
  const std::unordered_set<NodeId> done(sorted.begin(), sorted.end());
  const std::vector<NodeId> nodes = graph.nodes();
  NodeId at = *std::find_if(nodes.begin(), nodes.end(), [&](NodeId id) { return !done.contains(id); });
  std::unordered_set<NodeId> met;
  while (met.insert(at).second) {
    for (const ValueId input : graph.node(at).inputs) {
      if (input == kNoValue || graph.value(input).producer == kNoNode || done.contains(graph.value(input).producer))
        continue;
      at = graph.value(input).producer;
      break;
    }
  }
  return at;
}

}  // namespace

Result<void> verify(const Graph& graph) {
  const std::vector<ValueId> values = graph.values();
  const std::unordered_set<ValueId> live(values.begin(), values.end());
  std::unordered_set<ValueId> inputs;
  for (const ValueId input : graph.inputs) {
    if (!live.contains(input)) return fail("an input of the graph is a value that was removed");
    const Value& value = graph.value(input);
    if (value.producer != kNoNode || value.constant)
      return fail("the input " + quoted(value) + " of the graph is a constant or computed by a node");
    if (!inputs.insert(input).second) return fail("the graph has the input " + quoted(value) + " twice");
  }
  const References references = count_references(graph);
  for (const ValueId id : values) MANTISSA_TRY(check_value(graph, id, references).in("value " + graph.value(id).name));
  for (const NodeId id : graph.nodes())
    MANTISSA_TRY(check_node(graph, id, live, inputs).in("node " + graph.describe(id)));

  const std::vector<NodeId> sorted = graph.sorted();
  if (sorted.size() != graph.node_count())
    return fail("it depends on its own output").in("node " + graph.describe(node_on_cycle(graph, sorted)));

  if (graph.outputs.empty()) return fail("the graph has no output");
  for (const ValueId output : graph.outputs) {
    if (!live.contains(output)) return fail("an output of the graph is a value that was removed");
    const Value& value = graph.value(output);
    if (value.producer == kNoNode && !value.constant && !inputs.contains(output))
      return fail("the output " + quoted(value) + " of the graph is produced by no node");
  }
  return {};
}

}  // namespace mantissa::ir
