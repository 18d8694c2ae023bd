#include "quant/fit_output.h"

#include <algorithm>

#include "quant/weight_layers.h"

namespace mantissa::quant {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

namespace {

// How sure a scale of 1 is, as a variance of the output in shares of the span: a layer that only gives the small
// difference to an enlarged picture shows too little to tell scale from shift.
constexpr double kPriorVariance = 4e-4;
constexpr double kLeastScale = 0.9, kLargestScale = 1.1;  // beyond, something else is wrong

// Of the layer's channel whose elements become those of colour c at row y and column x.
std::size_t channel_of(const LastLayer& layer, std::size_t colours, std::size_t c, std::size_t y, std::size_t x) {
  const auto block = static_cast<std::size_t>(layer.block);
  const std::size_t place = y % block * block + x % block;
  return layer.colours_last ? place * colours + c : c * block * block + place;
}

template <class Each>  // (index of the element, channel of the layer)
void for_each_element(const Batch& batch, const LastLayer& layer, int rim, const Each& each) {
  const auto colours = static_cast<std::size_t>(batch.shape[1]), height = static_cast<std::size_t>(batch.shape[2]),
             width = static_cast<std::size_t>(batch.shape[3]), frame = static_cast<std::size_t>(rim);
  for (std::size_t c = 0; c < colours; ++c)
    for (std::size_t y = frame; y + frame < height; ++y)
      for (std::size_t x = frame; x + frame < width; ++x)
        each((c * height + y) * width + x, channel_of(layer, colours, c, y, x));
}

// A copy of a constant under a new name with its annotation, whose elements of output channel o become
// scale[o] * element + shift[o]. `axis` counts the channels.
Result<ValueId> adjusted(Graph& graph, ValueId old, int axis, const std::vector<double>& scale,
                         const std::vector<double>& shift) {
  const ir::Tensor& constant = *graph.value(old).constant;
  const std::vector<std::int64_t> shape = constant.shape;
  auto annotation = graph.value(old).quantization;
  MANTISSA_ASSIGN(std::vector<float> values, constant.floats());
  std::size_t together = 1;  // elements of a channel that lie one behind the other
  for (auto i = static_cast<std::size_t>(axis) + 1; i < shape.size(); ++i)
    together *= static_cast<std::size_t>(shape[i]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t channel = i / together % scale.size();
    values[i] = static_cast<float>(values[i] * scale[channel] + shift[channel]);
  }
  if (annotation && annotation->axis)
    for (std::size_t i = 0; i < annotation->scales.size(); ++i) {  // as many for each channel
      const std::size_t channel = i * scale.size() / annotation->scales.size();
      annotation->scales[i] = static_cast<float>(annotation->scales[i] * scale[channel]);
    }
  const std::string name = graph.value(old).name + "_fitted";
  const ValueId id = graph.add_constant(name, ir::Tensor::of_floats(shape, std::move(values)));
  graph.value(id).quantization = std::move(annotation);
  return id;
}

}  // namespace

std::optional<LastLayer> last_layer(const Graph& graph) {
  if (graph.outputs.size() != 1) return std::nullopt;
  LastLayer layer{ir::kNoNode};
  // Through sums, the summand that a convolution gives; of two such, the first.
  for (ValueId id = graph.outputs[0];;) {
    const NodeId producer = graph.value(id).producer;
    if (producer == ir::kNoNode || (id != graph.outputs[0] && graph.value(id).uses.size() != 1)) return std::nullopt;
    const ir::Node& node = graph.node(producer);
    if (node.op == "Conv" || (node.op == "ConvTranspose" && graph.integer(producer, "group", 1) == 1)) {
      const ir::Tensor* weight = graph.constant_input(producer, 1);
      if (weight == nullptr || has_computed_bias(graph, producer)) return std::nullopt;
      layer.convolution = producer;
      return layer;
    }
    if (node.op == "DepthToSpace" && layer.block == 1) {
      layer.block = static_cast<int>(graph.integer(producer, "blocksize", 1));
      layer.colours_last = graph.text(producer, "mode", "DCR") == "DCR";
      id = node.inputs[0];
    } else if (node.op == "Identity" || node.op == "Clip") {
      id = node.inputs[0];
    } else if (node.op == "Add") {
      const auto summand = std::find_if(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
        const NodeId from = graph.value(input).producer;
        return from != ir::kNoNode && (graph.node(from).op == "Conv" || graph.node(from).op == "ConvTranspose" ||
                                       graph.node(from).op == "DepthToSpace");
      });
      if (summand == node.inputs.end()) return std::nullopt;
      layer.alone = false;
      id = *summand;
    } else {
      return std::nullopt;
    }
  }
}

OutputFitter::OutputFitter(const LastLayer& layer, std::size_t colours, double span)
    : layer_(layer), span_(span), sums_(colours * static_cast<std::size_t>(layer.block * layer.block)) {}

void OutputFitter::add(const Batch& fp32, const Batch& variant, int rim) {
  for_each_element(variant, layer_, rim, [&](std::size_t index, std::size_t channel) {
    const auto x = static_cast<double>(variant.values[index]), y = static_cast<double>(fp32.values[index]);
    Sums& sums = sums_[channel];
    sums.count += 1;
    sums.x += x;
    sums.y += y;
    sums.xx += x * x;
    sums.xy += x * y;
  });
}

void OutputFitter::add(const OutputFitter& other, double weight) {
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    Sums& sums = sums_[i];
    const Sums& more = other.sums_[i];
    const double times = more.count > 0 ? weight * (sums.count > 0 ? sums.count : more.count) / more.count : 0;
    sums.count += times * more.count;
    sums.x += times * more.x;
    sums.y += times * more.y;
    sums.xx += times * more.xx;
    sums.xy += times * more.xy;
  }
}

OutputFit OutputFitter::fit() const {
  OutputFit fit;
  for (const Sums& sums : sums_) {
    const double count = std::max(sums.count, 1.0), x = sums.x / count, y = sums.y / count;
    const double prior = kPriorVariance * span_ * span_;
    const double variance = sums.xx / count - x * x, covariance = sums.xy / count - x * y;
    const double scale =
        layer_.alone ? std::clamp((covariance + prior) / (variance + prior), kLeastScale, kLargestScale) : 1;
    fit.scale.push_back(scale);
    fit.shift.push_back(y - scale * x);
  }
  return fit;
}

void apply(const OutputFit& fit, const LastLayer& layer, Batch& output) {
  for_each_element(output, layer, 0, [&](std::size_t index, std::size_t channel) {
    output.values[index] = static_cast<float>(fit.scale[channel] * output.values[index] + fit.shift[channel]);
  });
}

Result<void> apply(const OutputFit& fit, const LastLayer& layer, Graph& graph) {
  const ValueId weight = graph.node(layer.convolution).inputs[1];
  const std::size_t outputs = fit.scale.size();
  if (graph.constant_input(layer.convolution, 2) == nullptr) {
    const std::string name = graph.value(graph.node(layer.convolution).outputs[0]).name + "_bias";
    const ir::Tensor none = ir::Tensor::of_floats({static_cast<std::int64_t>(outputs)}, std::vector<float>(outputs));
    graph.set_input(layer.convolution, 2, graph.add_constant(name, none));
  }
  const ValueId bias = graph.node(layer.convolution).inputs[2];
  const int axis = output_axis(graph, layer.convolution);
  MANTISSA_ASSIGN(const ValueId fitted_weight, adjusted(graph, weight, axis, fit.scale, std::vector<double>(outputs)));
  MANTISSA_ASSIGN(const ValueId fitted_bias, adjusted(graph, bias, 0, fit.scale, fit.shift));
  graph.set_input(layer.convolution, 1, fitted_weight);
  graph.set_input(layer.convolution, 2, fitted_bias);
  graph.erase_unused();
  return {};
}

void apply_behind(const OutputFit& fit, const LastLayer& layer, Graph& graph) {
  const ValueId before = graph.node(layer.convolution).outputs[0];
  const std::string name = graph.value(before).name;
  const bool is_output = graph.is_output(before);
  if (is_output) graph.rename(before, name + "_unfitted");
  const auto by_channel = [&](const char* suffix, const std::vector<double>& numbers) {
    const auto channels = static_cast<std::int64_t>(numbers.size());
    return graph.add_constant(name + suffix,
                              ir::Tensor::of_floats({1, channels, 1, 1}, {numbers.begin(), numbers.end()}));
  };
  NodeId first = ir::kNoNode;
  ValueId fitted = before;
  const auto add = [&](const char* op, ValueId constant, const std::string& result) {
    fitted = graph.add(op, {fitted, constant}, {}, result);
    graph.value(fitted).format = base::NumberFormat::float32;
    graph.value(fitted).shape = graph.value(before).shape;
    if (first == ir::kNoNode) first = graph.value(fitted).producer;
  };
  if (layer.alone) add("Mul", by_channel("_fit_scale", fit.scale), name + "_scaled");
  add("Add", by_channel("_fit_shift", fit.shift), is_output ? name : name + "_fitted");
  graph.replace_uses(before, fitted, first);
}

}  // namespace mantissa::quant
