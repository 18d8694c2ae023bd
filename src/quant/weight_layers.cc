#include "quant/weight_layers.h"

#include <algorithm>
#include <optional>
#include <variant>

namespace mantissa::quant {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::ValueId;

// Scales and nodes would take more than is saved.
constexpr std::int64_t kSmall = 1024;
// What one output sums over, at most: a tile of so many rows is held by each thread, 16 MiB of whole channels.
constexpr std::size_t kLongestChannel = 65536;
constexpr std::size_t kLongestInBlocks = 524288;
// Panels of columns of int4 begin at whole bytes only where rows do; up to this size there is one panel.
constexpr std::size_t kLargestWithOddRows = std::size_t{1} << 25U;

using Found = std::variant<WeightLayer, std::string>;  // a layer, or why not

std::size_t product(const std::vector<std::int64_t>& shape, std::size_t begin, std::size_t end) {
  std::size_t result = 1;
  for (std::size_t d = begin; d < end; ++d) result *= static_cast<std::size_t>(shape[d]);
  return result;
}

void view_as_matrix(const Graph& graph, const std::vector<std::int64_t>& shape, WeightLayer& layer) {
  layer.outputs_first = output_axis(graph, layer.node) == 0;
  const std::size_t last = shape.size() - 1;
  layer.outputs = static_cast<std::size_t>(layer.outputs_first ? shape[0] : shape[last]);
  layer.inputs = layer.outputs_first ? product(shape, 1, shape.size()) : product(shape, 0, last);
}

// MatMulNBits takes a matrix on the right, and on the left nothing of fewer dimensions.
bool may_be_matmulnbits(const Graph& graph, const WeightLayer& layer) {
  const ir::Node& node = graph.node(layer.node);
  const auto& left = graph.value(node.inputs[0]).shape;
  return node.op == "MatMul" && graph.value(layer.weight).constant->shape.size() == 2 && left && left->size() >= 2;
}

Found layer_of(const Graph& graph, ValueId id, const WeightOptions& options) {
  const ir::Value& value = graph.value(id);
  const ir::Tensor& tensor = *value.constant;
  if (tensor.count() < kSmall) return "small";
  if (!base::is_floating(tensor.format)) return "integers already";
  const auto is_weight = [&](const ir::Use& use) {
    const ir::Node& node = graph.node(use.node);
    // The weights of a transposed convolution are no matrix of inputs by outputs.
    return use.input == 1 && node.domain.empty() && has_weights(node) && node.op != "ConvTranspose";
  };
  if (!std::any_of(value.uses.begin(), value.uses.end(), is_weight) || tensor.shape.size() < 2)
    return "not weights of MatMul, Gemm or Conv";
  if (value.uses.size() > 1 || graph.is_output(id)) return "shared";
  if (tensor.format != NumberFormat::float32 && tensor.format != NumberFormat::float16 &&
      tensor.format != NumberFormat::bfloat16)
    return "in " + std::string(base::name_of(tensor.format));

  WeightLayer layer{value.uses[0].node, id, options.format};
  view_as_matrix(graph, tensor.shape, layer);
  if (options.form == WeightOperator::matmulnbits && may_be_matmulnbits(graph, layer)) layer.form = options.form;
  const bool in_blocks = options.format == NumberFormat::int4 || layer.form == WeightOperator::matmulnbits;
  layer.block = in_blocks ? options.block : layer.inputs;
  // One block is a whole channel. MatMulNBits fills it up instead.
  if (layer.form == WeightOperator::dequantize) layer.block = std::min(layer.block, layer.inputs);

  const bool whole = layer.block == layer.inputs;
  if (layer.inputs > (whole ? kLongestChannel : kLongestInBlocks)) return "too long";
  const std::size_t last = tensor.shape.size() - 1;
  const bool is_batch = !layer.outputs_first && last > 1;
  if (is_batch && !whole && static_cast<std::size_t>(tensor.shape[last - 1]) % layer.block != 0)
    return "not made of whole blocks";
  if (whole && !layer.outputs_first && options.format == NumberFormat::int4 && layer.outputs % 2 != 0 &&
      layer.inputs * layer.outputs > kLargestWithOddRows)
    return "too long";
  return layer;
}

}  // namespace

FoundWeights find_weights(const Graph& graph, const WeightOptions& options) {
  FoundWeights found;
  for (const ValueId id : graph.constants()) {
    Found result = layer_of(graph, id, options);
    if (auto* layer = std::get_if<WeightLayer>(&result)) {
      found.layers.push_back(*layer);
      continue;
    }
    const std::string& reason = std::get<std::string>(result);
    auto entry = std::find_if(found.stayed.begin(), found.stayed.end(),
                              [&](const StayedWeights& stayed) { return stayed.reason == reason; });
    if (entry == found.stayed.end()) entry = found.stayed.insert(entry, {reason});
    ++entry->tensors;
    entry->bytes += graph.value(id).constant->bytes.size();
  }
  return found;
}

}  // namespace mantissa::quant
