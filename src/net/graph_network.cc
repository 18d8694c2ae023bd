// Networks from graphs that carry no state dict: what a user exported to ONNX, or what we wrote ourselves.
#include <algorithm>
#include <set>

#include "base/number_format.h"
#include "net/architecture.h"
#include "net/builder.h"
#include "net/geometry.h"
#include "net/keys.h"
#include "net/task_metadata.h"

namespace mantissa::net {
namespace {

// What the graph alone says.
struct Facts {
  std::int64_t channels = 0;
  Geometry geometry;
};

ir::StateDict floating_constants(const ir::Graph& graph) {
  ir::StateDict state;
  for (const ir::ValueId id : graph.constants()) {
    const ir::Value& value = graph.value(id);
    if (base::is_floating(value.constant->format)) state.tensors.emplace_back(value.name, *value.constant);
  }
  return state;
}

// torch.onnx gives a parameter that it has changed a new name ("onnx::PRelu_130"),
// but names the node by its layer ("/body.1/PRelu").
std::string key_of(const ir::Graph& graph, const ir::Value& value, const ir::Node& node) {
  if (!value.name.starts_with("onnx::")) return value.name;
  const std::size_t end = node.name.rfind('/');
  if (end == std::string::npos || end == 0) return value.name;
  const std::size_t begin = node.name.rfind('/', end - 1);
  const bool bias = node.inputs.size() > 2 && &graph.value(node.inputs[2]) == &value;
  return node.name.substr(begin + 1, end - begin - 1) + (bias ? ".bias" : ".weight");
}

// The state dict that the graph was made from, as far as its parameters still show it.
ir::StateDict original_state(const ir::Graph& graph) {
  static const std::set<std::string_view> kLayers{
      "Conv", "ConvTranspose", "PRelu", "BatchNormalization", "Gemm", "MatMul", "InstanceNormalization"};
  ir::StateDict state;
  for (const ir::ValueId id : graph.constants()) {
    const ir::Value& value = graph.value(id);
    const auto use = std::find_if(value.uses.begin(), value.uses.end(), [&](const ir::Use& u) {
      return u.input > 0 && kLayers.contains(graph.node(u.node).op);
    });
    if (use == value.uses.end()) continue;
    const ir::Node& node = graph.node(use->node);
    ir::Tensor tensor = *value.constant;
    // A slope per channel is stored as [C, 1, 1], to broadcast; torch keeps [C].
    if (node.op == "PRelu") {
      while (tensor.shape.size() > 1 && tensor.shape.back() == 1) tensor.shape.pop_back();
    }
    state.tensors.emplace_back(key_of(graph, value, node), std::move(tensor));
  }
  return state;
}

Result<Facts> facts_of(const ir::Graph& graph) {
  MANTISSA_ASSIGN(const Geometry geometry, find_geometry(graph));
  if (graph.inputs.size() != 1) {
    return unsupported("the network has " + std::to_string(graph.inputs.size()) + " inputs instead of one picture",
                       "Export it with the others as constants");
  }
  const ir::Value& input = graph.value(graph.inputs.front());
  const Facts facts{(*input.shape)[1].size, geometry};
  if (input.format && !base::is_floating(*input.format)) {
    return unsupported("the input " + input.name + " takes " + std::string(base::name_of(*input.format)) +
                       " and no floating-point numbers");
  }
  if (!colour_of_channels(facts.channels)) {
    return unsupported("the network takes " + std::to_string(facts.channels) + " channels; a picture has 1 or 3");
  }
  return facts;
}

// Exporters name the sizes of an enlarged output like those of the input;
// an engine that believes them reuses buffers that are too small.
void drop_sizes_of_the_input(ir::Graph& graph) {
  const ir::Shape input = *graph.value(graph.inputs.front()).shape;
  for (const ir::ValueId output : graph.outputs) {
    if (!graph.value(output).shape || graph.value(output).shape->size() != 4) continue;
    for (std::size_t d = 2; d < 4; ++d) {
      ir::Dimension& size = (*graph.value(output).shape)[d];
      if (size.symbol == input[2].symbol || size.symbol == input[3].symbol) size.symbol.clear();
    }
  }
}

// Sizes that the file fixes are told, because tiles and pictures of other sizes will not run.
void tell_fixed_size(const ir::Graph& graph, Task& task) {
  const ir::Shape& shape = *graph.value(graph.inputs.front()).shape;
  if (shape[0].size > 1)
    task.assumed.push_back("batches of " + std::to_string(shape[0].size) + " pictures only (fixed in the file)");
  if (shape[2].size > 0 || shape[3].size > 0) {
    const auto text = [](const ir::Dimension& d) { return d.size > 0 ? std::to_string(d.size) : std::string("any"); };
    task.assumed.push_back("pictures of " + text(shape[3]) + " x " + text(shape[2]) +
                           " pixels only (fixed in the file)");
  }
}

// An architecture that would be built from these parameters with the scale and channels of the graph.
std::optional<Network> known_architecture(const ir::Graph& graph, const Facts& facts) {
  Result<Network> network = network_from_checkpoint(original_state(graph));
  if (!network || network->task.scale != facts.geometry.scale || channels_of(network->task.colour) != facts.channels)
    return std::nullopt;
  // The same parameters around other operators are another network.
  if (network->task.radius != facts.geometry.radius) return std::nullopt;
  return *std::move(network);
}

Network generic(const Facts& facts) {
  Network network;
  Task& task = network.task;
  task.scale = facts.geometry.scale;
  if (task.scale > 1) task.kind = "super-resolution";
  task.colour = *colour_of_channels(facts.channels);
  task.assumed = {"range 0..1"};
  if (task.colour == Colour::rgb) task.assumed.emplace_back("colour rgb");
  return network;
}

}  // namespace

Result<Network> network_from_graph(ir::Graph graph) {
  MANTISSA_ASSIGN(const std::optional<StoredTask> stored, read_task_metadata(graph));
  MANTISSA_ASSIGN(const Facts facts, facts_of(graph));
  Network network;
  if (stored) {
    if (stored->task.scale != facts.geometry.scale || channels_of(stored->task.colour) != facts.channels) {
      return bad_input("the metadata " + std::string(kTaskKey) + " speaks of another network than the graph",
                       "Remove it, or take the file as it was written");
    }
    network.task = stored->task;
    network.architecture = stored->architecture;
    network.hyperparameters = stored->hyperparameters;
  } else if (auto known = known_architecture(graph, facts)) {
    network.task = std::move(known->task);
    network.architecture = std::move(known->architecture);
    network.hyperparameters = std::move(known->hyperparameters);
    tell_fixed_size(graph, network.task);
  } else {
    network = generic(facts);
    tell_fixed_size(graph, network.task);
  }
  // What the graph says of itself is always right.
  network.task.radius = facts.geometry.radius;
  network.task.stride = facts.geometry.stride;
  network.task.size_multiple = facts.geometry.size_multiple;
  if (network.task.scale != 1) drop_sizes_of_the_input(graph);
  network.checkpoint = floating_constants(graph);
  network.graph = std::move(graph);
  return network;
}

}  // namespace mantissa::net
