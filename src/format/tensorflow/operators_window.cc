// Operators that slide a window over the picture: convolutions and pools.
#include <algorithm>
#include <array>
#include <optional>

#include "format/tensorflow/call.h"

namespace mantissa::format {
namespace {

using Pair = std::array<std::int64_t, 2>;  // of height and width

constexpr std::int64_t kLargest = 1 << 20;

struct Window {
  Pair kernel{1, 1};
  Pair stride{1, 1};
  Pair dilation{1, 1};
  Pair begin{};  // padding
  Pair end{};
  bool by_size = false;  // "SAME" at a stride: how much padding there is depends on the size of the picture
};

// What an attribute with a number for each axis says of height and width. Errors: of batch or channels other than 1.
Result<Pair> sides_of(const Call& call, Layout layout, std::string_view attribute) {
  const std::vector<std::int64_t> all = call.node.integers(attribute, {1, 1, 1, 1});
  const bool last = layout == Layout::channels_last;
  if (all.size() != 4) return bad_input("its attribute " + std::string(attribute) + " has not four numbers");
  const Pair sides = {all[last ? 1 : 2], all[last ? 2 : 3]};
  if (all[0] != 1 || all[last ? 3 : 1] != 1)
    return not_known("its attribute " + std::string(attribute) + " acts on batch or channels");
  if (std::any_of(sides.begin(), sides.end(), [](std::int64_t s) { return s < 1 || s > kLargest; }))
    return bad_input("its attribute " + std::string(attribute) + " is out of range");
  return sides;
}

Result<void> pad_explicitly(const Call& call, Layout layout, Window& window) {
  const std::vector<std::int64_t> pads = call.node.integers("explicit_paddings", {});
  if (pads.size() != 8) return bad_input("its attribute explicit_paddings has not eight numbers");
  const std::size_t first = layout == Layout::channels_last ? 2 : 4;
  for (std::size_t i = 0; i < pads.size(); ++i) {
    if (pads[i] < 0 || pads[i] > kLargest) return bad_input("its attribute explicit_paddings is out of range");
    if ((i < first || i >= first + 4) && pads[i] != 0) return not_known("it pads batch or channels");
  }
  for (const std::size_t i : {0U, 1U}) {
    window.begin[i] = pads[first + 2 * i];
    window.end[i] = pads[first + 2 * i + 1];
  }
  return {};
}

// "SAME" puts the larger half of its padding behind (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
Result<void> pad(const Call& call, Layout layout, Window& window) {
  const std::string padding = call.node.text("padding", "");
  if (padding == "VALID") return {};
  if (padding == "EXPLICIT") return pad_explicitly(call, layout, window);
  if (padding != "SAME") return bad_input("its attribute padding is none of SAME, VALID and EXPLICIT");
  window.by_size = window.stride != Pair{1, 1};
  if (window.by_size && window.dilation != Pair{1, 1})
    return not_known("it has a stride, a dilation and padding \"SAME\" at once");
  for (const std::size_t i : {0U, 1U}) {
    const std::int64_t reach = (window.kernel[i] - 1) * window.dilation[i];
    window.begin[i] = reach / 2;
    window.end[i] = reach - reach / 2;
  }
  return {};
}

Result<Window> window_of(const Call& call, Layout layout, Pair kernel) {
  Window window{.kernel = kernel};
  for (const std::int64_t size : kernel)
    if (size < 1 || size > kLargest) return bad_input("its window is empty or out of range");
  MANTISSA_ASSIGN(window.stride, sides_of(call, layout, "strides"));
  MANTISSA_ASSIGN(window.dilation, sides_of(call, layout, "dilations"));
  MANTISSA_TRY(pad(call, layout, window));
  return window;
}

std::vector<std::int64_t> list(const Pair& pair) { return {pair[0], pair[1]}; }

IrAttributes attributes_of(const Window& window) {
  IrAttributes attributes{{"kernel_shape", list(window.kernel)}, {"strides", list(window.stride)}};
  if (window.dilation != Pair{1, 1}) attributes["dilations"] = list(window.dilation);
  if (window.by_size)
    attributes["auto_pad"] = std::string("SAME_UPPER");
  else
    attributes["pads"] = std::vector<std::int64_t>{window.begin[0], window.begin[1], window.end[0], window.end[1]};
  return attributes;
}

// The sides behind a window.
void slide(const Window& window, Picture& picture) {
  const std::array<Length, 2> before = picture.sides;
  forget_sides(picture);
  for (const std::size_t i : {0U, 1U}) {
    if (window.stride[i] != 1) continue;
    const std::int64_t change = window.begin[i] + window.end[i] - (window.kernel[i] - 1) * window.dilation[i];
    if (const auto after = plus(before[i], exactly(change))) picture.sides[i] = *after;
  }
}

struct Weighted {
  Picture picture;
  ir::Tensor weights;  // four axes, none of them empty
  Layout layout;
};

Result<Weighted> weighted(const Call& call, std::size_t picture) {
  MANTISSA_ASSIGN(const Picture input, call.picture(picture));
  MANTISSA_ASSIGN(const ir::Tensor weights, call.constant(1));
  MANTISSA_ASSIGN(const Layout layout, call.layout_of(input));
  if (weights.shape.size() != 4 || weights.count() == 0)
    return bad_input("its weights have not four axes, or nothing in them");
  return Weighted{input, weights, layout};
}

Error other_channels(std::int64_t expected, std::int64_t found) {
  return bad_input("its weights are for " + std::to_string(expected) + " channels, and " + std::to_string(found) +
                   " reach it");
}

// Weights: [height, width, inputs of a group, outputs].
Result<Outputs> conv2d(Call& call) {
  MANTISSA_ASSIGN(Weighted it, weighted(call, 0));
  const std::int64_t inputs = it.weights.shape[2], outputs = it.weights.shape[3];
  MANTISSA_ASSIGN(const Window window, window_of(call, it.layout, {it.weights.shape[0], it.weights.shape[1]}));
  const std::int64_t channels = it.picture.channels > 0 ? it.picture.channels : inputs;
  if (channels % inputs != 0 || outputs % (channels / inputs) != 0) return other_channels(inputs, channels);
  settle_channels(call.graph, it.picture, inputs);
  MANTISSA_ASSIGN(ir::Tensor weights, call.turned(it.weights, {3, 2, 0, 1}));
  IrAttributes attributes = attributes_of(window);
  if (channels != inputs) attributes["group"] = channels / inputs;
  const ir::ValueId constant = call.graph.add_constant(call.node.name + "/weights", std::move(weights));
  Picture out = call.add("Conv", {it.picture.id, constant}, std::move(attributes), it.picture);
  slide(window, out);
  out.channels = outputs;
  out.as_input = false;
  return Outputs{out};
}

// Weights: [height, width, inputs, outputs of each].
Result<Outputs> depthwise(Call& call) {
  MANTISSA_ASSIGN(Weighted it, weighted(call, 0));
  const std::int64_t inputs = it.weights.shape[2], each = it.weights.shape[3];
  MANTISSA_ASSIGN(const Window window, window_of(call, it.layout, {it.weights.shape[0], it.weights.shape[1]}));
  if (it.picture.channels > 0 && it.picture.channels != inputs) return other_channels(inputs, it.picture.channels);
  settle_channels(call.graph, it.picture, inputs);
  MANTISSA_ASSIGN(ir::Tensor weights, call.turned(it.weights, {2, 3, 0, 1}));
  weights.shape = {inputs * each, 1, it.weights.shape[0], it.weights.shape[1]};
  IrAttributes attributes = attributes_of(window);
  attributes["group"] = inputs;
  const ir::ValueId constant = call.graph.add_constant(call.node.name + "/weights", std::move(weights));
  Picture out = call.add("Conv", {it.picture.id, constant}, std::move(attributes), it.picture);
  slide(window, out);
  out.channels = inputs * each;
  out.as_input = false;
  return Outputs{out};
}

// How far the size that a transposed convolution is told lies from stride * input; nullopt where that is not known.
std::optional<std::int64_t> excess(const Length& told, const Length& input, std::int64_t stride, std::int64_t kernel,
                                   bool same) {
  const auto strided = times(input, exactly(stride));
  if (strided && strided->of == told.of && strided->axis == told.axis && strided->factor == told.factor) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(told.addend, strided->addend, &difference)) return std::nullopt;
    return difference;
  }
  // A number: it goes with one size of the input, from which it comes out by the rule of the padding.
  if (told.of != ir::kNoValue || told.addend < 1 || told.addend > kLargest) return std::nullopt;
  const std::int64_t reach = same ? told.addend : told.addend - kernel + 1;
  return told.addend - (reach + stride - 1) / stride * stride;
}

// What ConvTranspose is told so that its output has exactly the size stride * input + excess.
Result<void> fit_transposed(Window& window, Pair& extra, std::size_t i, std::int64_t excess, bool same) {
  const std::int64_t kernel = window.kernel[i], stride = window.stride[i];
  const std::int64_t low = same ? 1 - stride : kernel - stride;
  if (excess < low || excess > low + stride - 1)
    return bad_input("the size that it is to give does not go with its input, stride and padding");
  const std::int64_t total = kernel - stride - excess;  // what is to be cut off
  window.begin[i] = same ? std::max<std::int64_t>(total, 0) / 2 : 0;
  window.end[i] = same ? std::max<std::int64_t>(total, 0) - window.begin[i] : 0;
  extra[i] = std::max<std::int64_t>(-total, 0);
  return {};
}

// The gradient of a convolution: (its size, weights [height, width, outputs, inputs], picture).
Result<Outputs> transposed(Call& call) {
  MANTISSA_ASSIGN(Weighted it, weighted(call, 2));
  MANTISSA_ASSIGN(const Lengths size, call.lengths(0));
  if (it.picture.channels > 0 && it.picture.channels != it.weights.shape[3])
    return other_channels(it.weights.shape[3], it.picture.channels);
  MANTISSA_ASSIGN(Window window, window_of(call, it.layout, {it.weights.shape[0], it.weights.shape[1]}));
  const std::string padding = call.node.text("padding", "");
  if (padding == "EXPLICIT" || window.dilation != Pair{1, 1})
    return not_known("it is a transposed convolution with a dilation or with padding of its own");
  if (size.values.size() != 4 && size.values.size() != 2)
    return bad_input("the size that it is to give is no picture's");
  const std::size_t first = size.values.size() == 2 ? 0 : it.layout == Layout::channels_last ? 1 : 2;
  Pair extra{};
  window.by_size = false;
  settle_channels(call.graph, it.picture, it.weights.shape[3]);
  std::array<Length, 2> sides{};
  for (const std::size_t i : {0U, 1U}) {
    const auto& told = size.values[first + i];
    const bool same = padding == "SAME";
    const auto more =
        told ? excess(*told, it.picture.sides[i], window.stride[i], window.kernel[i], same) : std::nullopt;
    if (!more) return not_known("the size that it is to give cannot be told from that of its input");
    MANTISSA_TRY(fit_transposed(window, extra, i, *more, same));
    const auto strided = times(it.picture.sides[i], exactly(window.stride[i]));
    const auto side = strided ? plus(*strided, exactly(*more)) : std::nullopt;
    if (!side) return bad_input("the size that it is to give is out of range");
    sides[i] = *side;
  }
  MANTISSA_ASSIGN(ir::Tensor weights, call.turned(it.weights, {3, 2, 0, 1}));
  IrAttributes attributes = attributes_of(window);
  if (extra != Pair{}) attributes["output_padding"] = list(extra);
  const ir::ValueId constant = call.graph.add_constant(call.node.name + "/weights", std::move(weights));
  Picture out = call.add("ConvTranspose", {it.picture.id, constant}, std::move(attributes), it.picture);
  out.sides = sides;
  out.channels = it.weights.shape[2];
  out.as_input = false;
  return Outputs{out};
}

Result<Outputs> pool(Call& call) {
  MANTISSA_ASSIGN(const Picture picture, call.picture(0));
  MANTISSA_ASSIGN(const Layout layout, call.layout_of(picture));
  MANTISSA_ASSIGN(const Pair kernel, sides_of(call, layout, "ksize"));
  MANTISSA_ASSIGN(const Window window, window_of(call, layout, kernel));
  Picture out =
      call.add(call.node.op == "MaxPool" ? "MaxPool" : "AveragePool", {picture.id}, attributes_of(window), picture);
  slide(window, out);
  return Outputs{out};
}

constexpr TensorFlowOperator kOperators[] = {
    {"Conv2D", conv2d}, {"DepthwiseConv2dNative", depthwise}, {"Conv2DBackpropInput", transposed}, {"MaxPool", pool},
    {"AvgPool", pool},
};

}  // namespace

std::span<const TensorFlowOperator> window_operators() { return kOperators; }

}  // namespace mantissa::format
