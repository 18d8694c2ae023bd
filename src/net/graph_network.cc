// Networks from graphs that carry no state dict: what a user exported to ONNX, or what we wrote ourselves.
#include <algorithm>
#include <set>

#include "base/number_format.h"
#include "net/architecture.h"
#include "net/builder.h"
#include "net/condition.h"
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

// "/feats/feats.0/act/PRelu" -> "feats.0.act": torch.onnx repeats the name of a torch.nn.Sequential in its layers.
std::string layer_of(const std::string& node) {
  std::vector<std::string> parts;
  const std::size_t end = node.rfind('/');
  for (std::size_t at = 0; at < end && end != std::string::npos;) {
    const std::size_t begin = node[at] == '/' ? at + 1 : at;
    at = node.find('/', begin);
    std::string part = node.substr(begin, at - begin);
    if (!parts.empty() && part.starts_with(parts.back() + ".")) parts.pop_back();
    parts.push_back(std::move(part));
  }
  std::string layer;
  for (const std::string& part : parts) layer += (layer.empty() ? "" : ".") + part;
  return layer;
}

// torch.onnx gives a parameter that it has changed a new name ("onnx::PRelu_130"),
// but names the node by its layer ("/body.1/PRelu").
std::string key_of(const ir::Graph& graph, const ir::Value& value, const ir::Node& node) {
  if (!value.name.starts_with("onnx::")) return value.name;
  const std::string layer = layer_of(node.name);
  if (layer.empty()) return value.name;
  const bool bias = node.inputs.size() > 2 && &graph.value(node.inputs[2]) == &value;
  return layer + (bias ? ".bias" : ".weight");
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

// The picture comes first, and a map that is smaller than the picture has no sizes in common with it, whatever the file
// says.
void put_inputs_in_order(ir::Graph& graph, const ConditionInput& condition) {
  graph.inputs = {condition.picture, condition.condition};
  if (!condition.is_map) return;
  for (const std::size_t d : {2U, 3U}) (*graph.value(condition.condition).shape)[d].symbol.clear();
}

// Noise is in the network's own numbers, as far as those are known.
Condition condition_of(const ir::Graph& graph, const ConditionInput& found, const Facts& facts, const Task& task) {
  Condition condition;
  condition.input = graph.value(found.condition).name;
  condition.is_map = found.is_map;
  condition.step = facts.geometry.map_step;
  condition.divisor = 255 / (task.range_high - task.range_low);
  return condition;
}

Result<Facts> facts_of(const ir::Graph& graph) {
  MANTISSA_ASSIGN(const Geometry geometry, find_geometry(graph));
  if (graph.inputs.size() != 1 && !find_condition(graph)) {
    return unsupported("the network has " + std::to_string(graph.inputs.size()) + " inputs instead of one picture",
                       "Export it with the others as constants; a level of noise may stay, as an input called sigma");
  }
  const ir::Value& input = graph.value(graph.inputs.front());
  const Facts facts{(*input.shape)[1].size, geometry};
  if (input.format && !base::is_floating(*input.format)) {
    return unsupported("the input " + input.name + " takes " + std::string(base::name_of(*input.format)) +
                       " and no floating-point numbers");
  }
  if ((*input.shape)[0].size > 1)
    return unsupported("it takes batches of " + std::to_string((*input.shape)[0].size) + " pictures only",
                       "Export it with a batch of 1");
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
void tell_fixed_size(const ir::Graph& graph, const std::string& because, Task& task) {
  const ir::Shape& shape = *graph.value(graph.inputs.front()).shape;
  if (shape[2].size > 0 || shape[3].size > 0) {
    const auto text = [](const ir::Dimension& d) { return d.size > 0 ? std::to_string(d.size) : std::string("any"); };
    task.assumed.push_back("pictures of " + text(shape[3]) + " x " + text(shape[2]) +
                           " pixels only (fixed in the file" + (because.empty() ? "" : ": " + because) + ")");
  }
}

// Whether the metadata speak of the condition that the graph has.
bool agree(const std::optional<Condition>& stored, const ir::Graph& graph, const std::optional<ConditionInput>& found,
           const Facts& facts) {
  if (!stored || !found) return !stored && !found;
  return stored->input == graph.value(found->condition).name && stored->is_map == found->is_map &&
         stored->step == facts.geometry.map_step;
}

// The operators that the picture goes into, and the one that it comes from: those of a wrapper, where one brings the
// picture into the range of the network.
std::multiset<std::string> ends_of(const ir::Graph& graph) {
  std::multiset<std::string> ends;
  for (const ir::Use& use : graph.value(graph.inputs.front()).uses) ends.insert(graph.node(use.node).op);
  const ir::NodeId last = graph.value(graph.outputs.front()).producer;
  if (last != ir::kNoNode) ends.insert("-> " + graph.node(last).op);
  return ends;
}

// An architecture that would be built from these parameters with the scale and channels of the graph.
std::optional<Network> known_architecture(const ir::Graph& graph, const Facts& facts) {
  Result<Network> network = network_from_checkpoint(original_state(graph));
  if (!network || network->task.scale != facts.geometry.scale || channels_of(network->task.colour) != facts.channels)
    return std::nullopt;
  // The same parameters around other operators are another network.
  if (network->task.radius != facts.geometry.radius || ends_of(network->graph) != ends_of(graph)) return std::nullopt;
  return *std::move(network);
}

Network generic(const ir::Graph& graph, const Facts& facts, const std::optional<ConditionInput>& condition) {
  Network network;
  Task& task = network.task;
  task.scale = facts.geometry.scale;
  if (task.scale > 1) task.kind = "super-resolution";
  task.colour = *colour_of_channels(facts.channels);
  task.assumed = {"range 0..1"};
  if (task.colour == Colour::rgb) task.assumed.emplace_back("colour rgb");
  if (condition) {
    task.condition = condition_of(graph, *condition, facts, task);
    if (task.scale == 1) task.kind = "denoising";
    task.assumed.push_back("the input " + task.condition->input +
                           " is the level of noise, 255 of them from black to white");
  }
  return network;
}

}  // namespace

Result<Network> network_from_graph(ir::Graph graph, const std::string& fixed_because) {
  MANTISSA_ASSIGN(const std::optional<StoredTask> stored, read_task_metadata(graph));
  const std::optional<ConditionInput> condition = find_condition(graph);
  if (condition) put_inputs_in_order(graph, *condition);
  MANTISSA_ASSIGN(const Facts facts, facts_of(graph));
  Network network;
  if (stored) {
    if (stored->task.scale != facts.geometry.scale || channels_of(stored->task.colour) != facts.channels ||
        !agree(stored->task.condition, graph, condition, facts)) {
      return bad_input("the metadata " + std::string(kTaskKey) + " speaks of another network than the graph",
                       "Remove it, or take the file as it was written");
    }
    network.task = stored->task;
    network.architecture = stored->architecture;
    network.hyperparameters = stored->hyperparameters;
  } else if (auto known = condition ? std::nullopt : known_architecture(graph, facts)) {
    network.task = std::move(known->task);
    network.architecture = std::move(known->architecture);
    network.hyperparameters = std::move(known->hyperparameters);
    tell_fixed_size(graph, fixed_because, network.task);
  } else {
    network = generic(graph, facts, condition);
    tell_fixed_size(graph, fixed_because, network.task);
  }
  // What the graph says of itself is always right.
  network.task.radius = facts.geometry.radius;
  network.task.stride = facts.geometry.stride;
  network.task.size_multiple = facts.geometry.size_multiple;
  network.task.bytes_per_pixel = facts.geometry.bytes_per_pixel;
  if (network.task.scale != 1) drop_sizes_of_the_input(graph);
  network.checkpoint = floating_constants(graph);
  network.graph = std::move(graph);
  return network;
}

}  // namespace mantissa::net
