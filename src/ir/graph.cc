#include "ir/graph.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>
#include <utility>

namespace mantissa::ir {
namespace {

std::size_t index_of(ValueId id) { return static_cast<std::size_t>(id); }
std::size_t index_of(NodeId id) { return static_cast<std::size_t>(id); }

}  // namespace

// --- building ---

std::string Graph::unique_name(std::string wanted) {
  if (wanted.empty()) wanted = "value_" + std::to_string(values_.size());
  if (!by_name_.contains(wanted)) return wanted;
  // Remembered per name, so that a thousand nodes called "Conv" do not each try a thousand suffixes.
  unsigned& suffix = last_suffix_.try_emplace(wanted, 1).first->second;
  std::string candidate;
  do {
    candidate = wanted + "_" + std::to_string(++suffix);
  } while (by_name_.contains(candidate));
  return candidate;
}

ValueId Graph::add_value(std::string value_name, std::optional<base::NumberFormat> format, std::optional<Shape> shape) {
  const ValueId id{static_cast<std::uint32_t>(values_.size())};
  Value value;
  value.name = unique_name(std::move(value_name));
  value.format = format;
  value.shape = std::move(shape);
  by_name_.emplace(value.name, id);
  values_.push_back(std::move(value));
  value_erased_.push_back(false);
  return id;
}

ValueId Graph::add_input(std::string value_name, base::NumberFormat format, Shape shape) {
  const ValueId id = add_value(std::move(value_name), format, std::move(shape));
  inputs.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string value_name, Tensor tensor) {
  Shape shape;
  for (const std::int64_t size : tensor.shape) shape.push_back({size, {}});
  const ValueId id = add_value(std::move(value_name), tensor.format, std::move(shape));
  value(id).constant = std::move(tensor);
  return id;
}

NodeId Graph::add_node(Node node) {
  const NodeId id{static_cast<std::uint32_t>(nodes_.size())};
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != kNoValue) value(node.inputs[i]).uses.push_back({id, static_cast<int>(i)});
  }
  for (const ValueId output : node.outputs) {
    if (output == kNoValue) continue;
    assert(value(output).producer == kNoNode && !value(output).constant);
    value(output).producer = id;
  }
  nodes_.push_back(std::move(node));
  erased_.push_back(false);
  return id;
}

ValueId Graph::add(std::string op, std::vector<ValueId> node_inputs,
                   std::map<std::string, Attribute, std::less<>> attributes, std::string node_name) {
  const ValueId output = add_value(node_name.empty() ? op : node_name);
  Node node;
  node.op = std::move(op);
  node.name = std::move(node_name);
  node.inputs = std::move(node_inputs);
  node.outputs = {output};
  node.attributes = std::move(attributes);
  add_node(std::move(node));
  return output;
}

// --- changing ---

void Graph::remove_use(ValueId id, Use use) { std::erase(value(id).uses, use); }

void Graph::set_input(NodeId node_id, int index, ValueId new_value) {
  std::vector<ValueId>& slots = node(node_id).inputs;
  if (slots.size() <= static_cast<std::size_t>(index)) slots.resize(static_cast<std::size_t>(index) + 1, kNoValue);
  ValueId& input = slots[static_cast<std::size_t>(index)];
  if (input == new_value) return;
  if (input != kNoValue) remove_use(input, {node_id, index});
  input = new_value;
  if (new_value != kNoValue) value(new_value).uses.push_back({node_id, index});
}

void Graph::replace_uses(ValueId old_value, ValueId new_value, NodeId except) {
  if (old_value == new_value) return;
  std::vector<Use> kept;
  for (const Use& use : value(old_value).uses) {
    if (use.node == except) {
      kept.push_back(use);
      continue;
    }
    node(use.node).inputs[static_cast<std::size_t>(use.input)] = new_value;
    value(new_value).uses.push_back(use);
  }
  value(old_value).uses = std::move(kept);
  std::replace(outputs.begin(), outputs.end(), old_value, new_value);
}

void Graph::replace(ValueId old_value, ValueId new_value) {
  std::string old_name = value(old_value).name;
  value(new_value).format = value(old_value).format;
  value(new_value).shape = value(old_value).shape;
  replace_uses(old_value, new_value);
  erase(value(old_value).producer);
  rename(new_value, std::move(old_name));
}

void Graph::rename(ValueId id, std::string new_name) {
  if (value(id).name == new_name) return;
  by_name_.erase(value(id).name);
  value(id).name = unique_name(std::move(new_name));
  by_name_.emplace(value(id).name, id);
}

void Graph::forget_shapes() {
  for (const NodeId made_by : nodes())
    for (const ValueId id : node(made_by).outputs) {
      if (id == kNoValue) continue;
      auto& shape = value(id).shape;
      shape = is_output(id) && shape ? std::optional(Shape(shape->size())) : std::nullopt;
    }
}

void Graph::forget(ValueId id) {
  by_name_.erase(value(id).name);
  value(id).producer = kNoNode;
  value(id).constant.reset();
  value_erased_[index_of(id)] = true;
}

void Graph::erase(NodeId node_id) {
  assert(!erased_[index_of(node_id)]);
  Node& gone = node(node_id);
  for (const ValueId output : gone.outputs) {
    if (output == kNoValue) continue;
    assert(value(output).uses.empty() && !is_output(output));
    forget(output);
  }
  for (std::size_t i = 0; i < gone.inputs.size(); ++i) {
    if (gone.inputs[i] != kNoValue) remove_use(gone.inputs[i], {node_id, static_cast<int>(i)});
  }
  gone = Node{};
  erased_[index_of(node_id)] = true;
}

int Graph::erase_unused() {
  std::vector<bool> needed(nodes_.size(), false);
  std::vector<NodeId> waiting;
  const auto need = [&](ValueId id) {
    if (id == kNoValue || value(id).producer == kNoNode || needed[index_of(value(id).producer)]) return;
    needed[index_of(value(id).producer)] = true;
    waiting.push_back(value(id).producer);
  };
  for (const ValueId output : outputs) need(output);
  while (!waiting.empty()) {
    const NodeId next = waiting.back();
    waiting.pop_back();
    for (const ValueId input : node(next).inputs) need(input);
  }

  int gone = 0;
  const auto is_gone = [&](const Use& use) { return !needed[index_of(use.node)]; };
  for (Value& each : values_) std::erase_if(each.uses, is_gone);
  for (const NodeId id : nodes()) {
    if (needed[index_of(id)]) continue;
    for (const ValueId output : node(id).outputs) {
      if (output != kNoValue) forget(output);
    }
    node(id) = Node{};
    erased_[index_of(id)] = true;
    ++gone;
  }
  const std::unordered_set<ValueId> promised(outputs.begin(), outputs.end());
  for (const ValueId id : constants()) {
    if (value(id).uses.empty() && !promised.contains(id)) forget(id);
  }
  return gone;
}

}  // namespace mantissa::ir
