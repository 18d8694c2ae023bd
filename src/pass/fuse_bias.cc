#include "pass/fuse_bias.h"

#include <string>
#include <vector>

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// How many outputs a convolution without a bias has; 0 for anything else.
std::int64_t outputs_without_bias(const Graph& graph, NodeId id) {
  const bool transposed = graph.is(id, "ConvTranspose");
  if (!transposed && !graph.is(id, "Conv")) return 0;
  const ir::Tensor* const weight = graph.constant_input(id, 1);
  const std::vector<ValueId>& inputs = graph.node(id).inputs;
  if (weight == nullptr || weight->shape.size() != 4 || (inputs.size() > 2 && inputs[2] != ir::kNoValue)) return 0;
  return transposed ? weight->shape[1] * graph.integer(id, "group", 1) : weight->shape[0];
}

// Whether it is one number, or one for each of `channels` of a picture.
bool by_channel(const ir::Tensor& constant, std::int64_t channels) {
  if (constant.format != base::NumberFormat::float32) return false;
  const std::size_t rank = constant.shape.size();
  if (constant.count() == 1) return rank <= 4;
  return constant.count() == channels && (rank == 3 || rank == 4) && constant.shape[rank - 3] == channels;
}

struct Place {
  NodeId convolution = ir::kNoNode;
  NodeId spread = ir::kNoNode;  // the DepthToSpace between, if any
  std::size_t constant = 0;     // which input of the Add
  std::int64_t outputs = 0;
  std::int64_t channels = 0;  // where it is added
};

bool find(const Graph& graph, NodeId add, Place& place) {
  if (!graph.is(add, "Add") || graph.node(add).inputs.size() != 2) return false;
  place.constant = graph.constant_input(add, 0) != nullptr ? 0 : 1;
  const ir::Tensor* const constant = graph.constant_input(add, place.constant);
  place.convolution = graph.only_maker(graph.node(add).inputs[1 - place.constant]);
  std::int64_t block = 1;
  if (graph.is(place.convolution, "DepthToSpace")) {
    place.spread = place.convolution;
    block = graph.integer(place.spread, "blocksize", 1);
    place.convolution = graph.only_maker(graph.node(place.spread).inputs[0]);
  }
  place.outputs = outputs_without_bias(graph, place.convolution);
  if (constant == nullptr || place.outputs == 0 || block < 1 || block > place.outputs) return false;
  place.channels = place.outputs / (block * block);
  return place.channels > 0 && place.outputs % (block * block) == 0 && by_channel(*constant, place.channels);
}

}  // namespace

Result<void> fuse_bias(Graph& graph) {
  for (const NodeId add : graph.sorted()) {
    Place place;
    if (!find(graph, add, place)) continue;
    const ValueId constant = graph.node(add).inputs[place.constant];
    MANTISSA_ASSIGN(const std::vector<float> numbers, graph.constant_input(add, place.constant)->floats());
    const bool block_outside =
        place.spread != ir::kNoNode && graph.text(place.spread, "mode", "DCR") == "DCR";  // of the channel's number
    const std::int64_t repeats = place.outputs / place.channels;
    std::vector<float> bias;
    for (std::int64_t o = 0; o < place.outputs; ++o) {
      const std::int64_t channel = block_outside ? o % place.channels : o / repeats;
      bias.push_back(numbers[numbers.size() == 1 ? 0 : static_cast<std::size_t>(channel)]);
    }
    graph.set_input(place.convolution, 2,
                    graph.add_constant(graph.value(constant).name + "/bias",
                                       ir::Tensor::of_floats({place.outputs}, std::move(bias))));
    const ValueId sum = graph.node(add).outputs[0], result = graph.node(add).inputs[1 - place.constant];
    graph.replace(sum, result);
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::pass
