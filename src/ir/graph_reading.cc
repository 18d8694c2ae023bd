// The part of Graph that only looks.
#include <algorithm>
#include <functional>
#include <queue>

#include "ir/graph.h"

namespace mantissa::ir {
namespace {

template <class T>
const T* attribute_of(const Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

}  // namespace

std::optional<ValueId> Graph::find_value(std::string_view value_name) const {
  const auto found = by_name_.find(std::string(value_name));
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

std::vector<NodeId> Graph::nodes() const {
  std::vector<NodeId> live;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (!erased_[i]) live.push_back(NodeId{i});
  }
  return live;
}

std::vector<ValueId> Graph::values() const {
  std::vector<ValueId> live;
  for (std::uint32_t i = 0; i < values_.size(); ++i) {
    if (!value_erased_[i]) live.push_back(ValueId{i});
  }
  return live;
}

std::vector<ValueId> Graph::constants() const {
  std::vector<ValueId> live = values();
  std::erase_if(live, [this](ValueId id) { return !value(id).constant; });
  return live;
}

std::size_t Graph::node_count() const {
  return static_cast<std::size_t>(std::count(erased_.begin(), erased_.end(), false));
}

std::vector<NodeId> Graph::sorted() const {
  // Kahn's algorithm; of the nodes that are ready, the one that was added first goes first.
  std::vector<std::size_t> missing(nodes_.size(), 0);  // inputs whose producer has not come yet
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (erased_[i]) continue;
    for (const ValueId input : nodes_[i].inputs) {
      if (input != kNoValue && value(input).producer != kNoNode) ++missing[i];
    }
    if (missing[i] == 0) ready.push(i);
  }
  std::vector<NodeId> order;
  order.reserve(nodes_.size());
  while (!ready.empty()) {
    const std::uint32_t next = ready.top();
    ready.pop();
    order.push_back(NodeId{next});
    for (const ValueId output : nodes_[next].outputs) {
      if (output == kNoValue) continue;
      for (const Use& use : value(output).uses) {
        if (--missing[static_cast<std::size_t>(use.node)] == 0) ready.push(static_cast<std::uint32_t>(use.node));
      }
    }
  }
  return order;
}

bool Graph::is_output(ValueId id) const { return std::find(outputs.begin(), outputs.end(), id) != outputs.end(); }

bool Graph::is(NodeId id, std::string_view op) const {
  return id != kNoNode && node(id).op == op && node(id).domain.empty();
}

NodeId Graph::only_reader(ValueId id) const {
  return value(id).uses.size() != 1 || is_output(id) ? kNoNode : value(id).uses[0].node;
}

NodeId Graph::only_maker(ValueId id) const { return only_reader(id) == kNoNode ? kNoNode : value(id).producer; }

const Tensor* Graph::constant_input(NodeId node_id, std::size_t index) const {
  const Node& user = node(node_id);
  if (index >= user.inputs.size() || user.inputs[index] == kNoValue) return nullptr;
  const Value& input = value(user.inputs[index]);
  return input.constant ? &*input.constant : nullptr;
}

std::int64_t Graph::integer(NodeId id, std::string_view attribute, std::int64_t otherwise) const {
  const auto* found = attribute_of<std::int64_t>(node(id), attribute);
  return found ? *found : otherwise;
}

float Graph::real(NodeId id, std::string_view attribute, float otherwise) const {
  const auto* found = attribute_of<float>(node(id), attribute);
  return found ? *found : otherwise;
}

std::string Graph::text(NodeId id, std::string_view attribute, std::string otherwise) const {
  const auto* found = attribute_of<std::string>(node(id), attribute);
  if (found != nullptr) return *found;
  return otherwise;
}

std::vector<std::int64_t> Graph::integers(NodeId id, std::string_view attribute,
                                          std::vector<std::int64_t> otherwise) const {
  const auto* found = attribute_of<std::vector<std::int64_t>>(node(id), attribute);
  if (found != nullptr) return *found;
  return otherwise;
}

std::string Graph::describe(NodeId id) const {
  const Node& node_ = node(id);
  std::string text = node_.domain.empty() ? node_.op : node_.domain + "::" + node_.op;
  if (!node_.name.empty()) text += " " + node_.name;
  const auto output = std::find_if(node_.outputs.begin(), node_.outputs.end(), [](ValueId o) { return o != kNoValue; });
  if (output != node_.outputs.end()) text += " (output " + value(*output).name + ")";
  return text;
}

}  // namespace mantissa::ir
