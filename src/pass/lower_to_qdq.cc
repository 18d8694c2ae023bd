#include "pass/lower_to_qdq.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/numbers.h"
#include "pass/lower_weights.h"
#include "pass/product_by_channel.h"

namespace mantissa::pass {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::Quantization;
using ir::Tensor;
using ir::ValueId;

struct Limits {
  std::int64_t lowest;
  std::int64_t highest;
};

Result<Limits> limits_of(NumberFormat format) {
  switch (format) {
    case NumberFormat::int8:
      return Limits{-128, 127};
    case NumberFormat::uint8:
      return Limits{0, 255};
    case NumberFormat::int16:
      return Limits{-32768, 32767};
    case NumberFormat::uint16:
      return Limits{0, 65535};
    case NumberFormat::int32:
      return Limits{std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    default:
      return internal_error("a value is annotated with the format " + std::string(base::name_of(format)) +
                            ", which Q/DQ cannot hold");
  }
}

bool is_float8(NumberFormat format) { return base::is_floating(format) && base::needs_scale(format); }

Tensor float8_tensor(NumberFormat format, std::vector<std::int64_t> shape, const std::vector<float>& values) {
  return {format, std::move(shape), base::from_floats(format, values)};
}

Tensor integer_tensor(NumberFormat format, std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values) {
  const auto pack = [&]<class T>(T) {
    std::vector<T> packed(values.size());
    std::transform(values.begin(), values.end(), packed.begin(), [](std::int64_t v) { return static_cast<T>(v); });
    return base::Bytes::take(std::move(packed));
  };
  base::Bytes bytes;
  switch (format) {
    case NumberFormat::int8:
      bytes = pack(std::int8_t{});
      break;
    case NumberFormat::uint8:
      bytes = pack(std::uint8_t{});
      break;
    case NumberFormat::int16:
      bytes = pack(std::int16_t{});
      break;
    case NumberFormat::uint16:
      bytes = pack(std::uint16_t{});
      break;
    default:
      bytes = pack(std::int32_t{});
      break;
  }
  return {format, std::move(shape), std::move(bytes)};
}

// The scale and zero point of an annotation as constants: scalars, or vectors along its axis.
struct Parameters {
  ValueId scale;
  ValueId zero_point;
};

Parameters add_parameters(Graph& graph, const std::string& name, const Quantization& q) {
  std::vector<std::int64_t> shape;
  if (q.axis) shape = {static_cast<std::int64_t>(q.scales.size())};
  const std::vector<std::int64_t> zero_points(q.zero_points.begin(), q.zero_points.end());
  Tensor zero_point = is_float8(q.format) ? float8_tensor(q.format, shape, std::vector<float>(q.scales.size(), 0.0F))
                                          : integer_tensor(q.format, shape, zero_points);
  return {graph.add_constant(name + "_scale", Tensor::of_floats(shape, q.scales)),
          graph.add_constant(name + "_zero_point", std::move(zero_point))};
}

std::map<std::string, ir::Attribute, std::less<>> axis_attribute(const Quantization& q) {
  if (!q.axis) return {};
  return {{"axis", std::int64_t{*q.axis}}};
}

Result<Tensor> quantized_constant(const Tensor& constant, const Quantization& q) {
  MANTISSA_ASSIGN(std::vector<float> reals, constant.floats());
  std::size_t inner = 1;
  if (q.axis)
    for (std::size_t d = static_cast<std::size_t>(*q.axis) + 1; d < constant.shape.size(); ++d)
      inner *= static_cast<std::size_t>(constant.shape[d]);
  const auto channel_of = [&](std::size_t i) { return q.axis ? i / inner % q.scales.size() : 0; };
  if (is_float8(q.format)) {
    for (std::size_t i = 0; i < reals.size(); ++i) reals[i] /= q.scales[channel_of(i)];
    return float8_tensor(q.format, constant.shape, reals);
  }
  MANTISSA_ASSIGN(const Limits limits, limits_of(q.format));
  std::vector<std::int64_t> stored(reals.size());
  for (std::size_t i = 0; i < reals.size(); ++i) {
    const std::size_t channel = channel_of(i);
    const double level =
        std::nearbyint(static_cast<double>(reals[i]) / static_cast<double>(q.scales[channel])) + q.zero_points[channel];
    stored[i] = static_cast<std::int64_t>(
        std::clamp(level, static_cast<double>(limits.lowest), static_cast<double>(limits.highest)));
  }
  return integer_tensor(q.format, constant.shape, stored);
}

// Weights of four bits, which engines take with DequantizeLinear alone, in blocks or with a scale for each channel.
Result<void> lower_four_bits(Graph& graph, ValueId id, const Quantization& q) {
  const Tensor& constant = *graph.value(id).constant;
  const std::vector<ir::Use> uses = graph.value(id).uses;
  const auto last = static_cast<int>(constant.shape.size()) - 1;
  if (uses.size() != 1 || uses[0].input != 1 || !q.axis || (*q.axis != 0 && (*q.axis != last || last != 1)))
    return internal_error("the value " + graph.value(id).name + " is annotated as weights of four bits, and is none");
  const std::int64_t outputs = constant.shape[static_cast<std::size_t>(*q.axis)], inputs = constant.count() / outputs;
  const std::int64_t block = q.block > 0 ? q.block : inputs, blocks = (inputs + block - 1) / block;
  const bool outputs_first = *q.axis == 0;
  MANTISSA_ASSIGN(std::vector<float> levels, constant.floats());
  std::vector<float> scales(q.scales.size());  // as they are stored: by outputs or by blocks
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t i = 0; i < inputs; ++i) {
      const float scale = q.scales[static_cast<std::size_t>(o * blocks + i / block)];
      levels[static_cast<std::size_t>(outputs_first ? o * inputs + i : i * outputs + o)] /= scale;
      scales[static_cast<std::size_t>(outputs_first ? o * blocks + i / block : i / block * outputs + o)] = scale;
    }
  StoredWeights stored{{q.format, constant.shape, base::from_floats(q.format, levels)}, {}, 0, *q.axis};
  std::vector<std::int64_t> shape = {outputs};
  if (blocks > 1) {
    stored.block = block;
    stored.axis = outputs_first ? 1 : 0;
    if (outputs_first) stored.levels.shape = {outputs, inputs};
    shape = outputs_first ? std::vector{outputs, blocks} : std::vector{blocks, outputs};
  }
  stored.scales = Tensor::of_floats(std::move(shape), std::move(scales));
  dequantize_weights(graph, uses[0].node, std::move(stored));
  return {};
}

Result<void> lower_constant(Graph& graph, ValueId id) {
  const std::string name = graph.value(id).name;
  const Quantization q = *graph.value(id).quantization;
  if (q.format == NumberFormat::int4) return lower_four_bits(graph, id, q);
  MANTISSA_ASSIGN(Tensor stored, quantized_constant(*graph.value(id).constant, q).in("constant " + name));
  const ValueId constant = graph.add_constant(name + "_quantized", std::move(stored));
  const Parameters parameters = add_parameters(graph, name, q);
  const ValueId real = graph.add("DequantizeLinear", {constant, parameters.scale, parameters.zero_point},
                                 axis_attribute(q), name + "_dequantize");
  graph.value(real).format = NumberFormat::float32;
  graph.value(real).shape = graph.value(id).shape;
  graph.replace_uses(id, real);
  return {};
}

// A product by channel that quantizing can do on the way: scales are positive.
std::optional<Product> positive_product(const Graph& graph, ValueId id) {
  auto product = product_by_channel(graph, id);
  if (product && std::any_of(product->constants.begin(), product->constants.end(), [](float c) { return !(c > 0); }))
    return std::nullopt;
  return product;
}

bool computes_in_eight_bits(const Graph& graph, ir::NodeId node) { return base::needs_scale(graph.node(node).format); }

// Inserts Q and DQ behind a value and returns what comes out of them. OpenVINO quantizes with a scale for each channel
// as fast as with one for all; ONNX Runtime 1.31 takes ten to fifty times the time of quantizing and multiplying apart,
// so in closed chains products stay.
ValueId add_round_trip(Graph& graph, ValueId id, const Quantization& q, QdqStyle style) {
  const std::string name = graph.value(id).name;
  const Parameters parameters = add_parameters(graph, name, q);
  const auto product = style == QdqStyle::inputs_only && !q.axis ? positive_product(graph, id) : std::nullopt;
  ValueId stored = ir::kNoValue;
  if (product) {
    Quantization by_channel{q.format, {}, std::vector<std::int32_t>(product->constants.size(), q.zero_points[0]), 1};
    for (const float constant : product->constants) by_channel.scales.push_back(q.scales[0] / constant);
    const Parameters own = add_parameters(graph, name + "_by_channel", by_channel);
    stored = graph.add("QuantizeLinear", {product->factor, own.scale, own.zero_point}, axis_attribute(by_channel),
                       name + "_quantize");
  } else {
    stored = graph.add("QuantizeLinear", {id, parameters.scale, parameters.zero_point}, axis_attribute(q),
                       name + "_quantize");
  }
  const ValueId real = graph.add("DequantizeLinear", {stored, parameters.scale, parameters.zero_point},
                                 axis_attribute(q), name + "_dequantize");
  graph.value(stored).format = q.format;
  graph.value(real).format = NumberFormat::float32;
  graph.value(stored).shape = graph.value(real).shape = graph.value(id).shape;
  return real;
}

void lower_activation(Graph& graph, ValueId id, QdqStyle style) {
  const Quantization q = *graph.value(id).quantization;
  const ir::NodeId producer = graph.value(id).producer;
  const bool closes = style == QdqStyle::closed && producer != ir::kNoNode && computes_in_eight_bits(graph, producer);
  std::vector<ir::Use> redirected;
  for (const ir::Use& use : graph.value(id).uses)
    if (closes || computes_in_eight_bits(graph, use.node)) redirected.push_back(use);
  const bool ends = closes && graph.is_output(id);
  if (redirected.empty() && !ends) return;
  const ValueId real = add_round_trip(graph, id, q, style);
  for (const ir::Use& use : redirected) graph.set_input(use.node, use.input, real);
  if (!ends) return;
  const std::string name = graph.value(id).name;  // the graph's output keeps its name
  std::replace(graph.outputs.begin(), graph.outputs.end(), id, real);
  graph.rename(id, name + "_before_rounding");
  graph.rename(real, name);
}

bool comes_from(const Graph& graph, ValueId id, std::string_view op) {
  return graph.value(id).producer != ir::kNoNode && graph.node(graph.value(id).producer).op == op;
}

// A float node with weights that stands between DequantizeLinear and QuantizeLinear alone, or a product that ONNX
// Runtime takes into the weights, is quantized by ONNX Runtime of its own accord (its WeightBiasQuantization, seen with
// 1.31), without asking what that loses. A product in front hides it: twice the input, half the weights, which changes
// no bit of the result.
Result<void> hide_float_nodes(Graph& graph) {
  for (const ir::NodeId id : graph.sorted()) {
    const ir::Node& node = graph.node(id);
    const Tensor* weights = node.inputs.size() > 1 ? graph.constant_input(id, 1) : nullptr;
    if (weights == nullptr || weights->format != NumberFormat::float32 ||
        !comes_from(graph, node.inputs[0], "DequantizeLinear"))
      continue;
    if (node.op != "Conv" && node.op != "ConvTranspose" && node.op != "Gemm" && node.op != "MatMul") continue;
    const std::vector<ir::Use>& uses = graph.value(node.outputs[0]).uses;
    if (!std::all_of(uses.begin(), uses.end(), [&](const ir::Use& use) {
          return graph.node(use.node).op == "QuantizeLinear" || graph.constant_input(use.node, 1) != nullptr;
        }))
      continue;
    const ValueId input = node.inputs[0];
    const std::string name = graph.value(input).name;
    const ValueId two = graph.add_constant(name + "_two", Tensor::of_floats({}, {2.0F}));
    const ValueId twice = graph.add("Mul", {input, two}, {}, name + "_twice");
    graph.value(twice).format = graph.value(input).format;
    graph.value(twice).shape = graph.value(input).shape;
    graph.set_input(id, 0, twice);
    MANTISSA_TRY(scale_constant(graph, id, 1, "_half", [](std::size_t) { return 0.5; }));
  }
  return {};
}

}  // namespace

Result<void> lower_to_qdq(Graph& graph, QdqStyle style) {
  std::vector<ValueId> annotated;
  for (const ValueId id : graph.constants())
    if (graph.value(id).quantization) annotated.push_back(id);
  for (const ValueId id : graph.inputs)
    if (graph.value(id).quantization) annotated.push_back(id);
  for (const ir::NodeId node : graph.sorted())
    for (const ValueId id : graph.node(node).outputs)
      if (id != ir::kNoValue && graph.value(id).quantization) annotated.push_back(id);

  for (const ValueId id : annotated) {
    const Quantization& q = *graph.value(id).quantization;
    if (q.scales.empty() || q.zero_points.size() != q.scales.size())
      return internal_error("the value " + graph.value(id).name + " is annotated without scales");
    if (graph.value(id).constant) {
      MANTISSA_TRY(lower_constant(graph, id));
    } else {
      lower_activation(graph, id, style);
    }
  }
  for (const ValueId id : annotated) graph.value(id).quantization.reset();
  for (const ir::NodeId node : graph.sorted()) graph.node(node).format = NumberFormat::float32;
  graph.erase_unused();
  if (style == QdqStyle::closed) MANTISSA_TRY(hide_float_nodes(graph));
  graph.erase_unused();  // weights that were halved
  return {};
}

}  // namespace mantissa::pass
