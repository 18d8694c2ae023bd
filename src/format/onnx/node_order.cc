#include "format/onnx/node_order.h"

#include <functional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "format/onnx/model_checks.h"

namespace mantissa::format {
namespace {

// Kahn's algorithm; of the nodes that are ready, the one that stands first in the file goes first.
std::vector<int> sorted(const onnx::GraphProto& graph) {
  std::unordered_map<std::string, int> producers;
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) producers.emplace(output, i);
  }
  std::vector<int> missing(static_cast<std::size_t>(graph.node_size()), 0);
  std::vector<std::vector<int>> users(missing.size());
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& input : graph.node(i).input()) {
      const auto producer = input.empty() ? producers.end() : producers.find(input);
      if (producer == producers.end()) continue;
      ++missing[static_cast<std::size_t>(i)];
      users[static_cast<std::size_t>(producer->second)].push_back(i);
    }
    if (missing[static_cast<std::size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  order.reserve(missing.size());
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const int user : users[static_cast<std::size_t>(next)]) {
      if (--missing[static_cast<std::size_t>(user)] == 0) ready.push(user);
    }
  }
  return order;
}

// The first node that could not be placed either lies on a cycle or behind one.
// Going back over producers that could not be placed leads around it.
int node_on_cycle(const onnx::GraphProto& graph, const std::vector<int>& order) {
  std::vector<bool> waits(static_cast<std::size_t>(graph.node_size()), true);
  for (const int placed : order) waits[static_cast<std::size_t>(placed)] = false;
  std::unordered_map<std::string, int> producers;
  int at = -1;
  for (int i = graph.node_size() - 1; i >= 0; --i) {
    if (!waits[static_cast<std::size_t>(i)]) continue;
    for (const std::string& output : graph.node(i).output()) producers[output] = i;
    at = i;
  }
  std::vector<bool> met(waits.size(), false);
  while (!met[static_cast<std::size_t>(at)]) {
    met[static_cast<std::size_t>(at)] = true;
    for (const std::string& input : graph.node(at).input()) {
      if (const auto found = producers.find(input); !input.empty() && found != producers.end()) {
        at = found->second;
        break;
      }
    }
  }
  return at;
}

}  // namespace

Result<void> sort_nodes(onnx::GraphProto& graph) {
  const std::vector<int> order = sorted(graph);
  if (order.size() != static_cast<std::size_t>(graph.node_size()))
    return Result<void>(bad_input("it depends on its own output"))
        .in("node " + describe(graph.node(node_on_cycle(graph, order))));
  bool moved = false;
  for (int i = 0; i < graph.node_size(); ++i) moved = moved || order[static_cast<std::size_t>(i)] != i;
  if (!moved) return {};
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  nodes.Reserve(graph.node_size());
  for (const int from : order) nodes.Add()->Swap(graph.mutable_node(from));
  graph.mutable_node()->Swap(&nodes);
  return {};
}

}  // namespace mantissa::format
