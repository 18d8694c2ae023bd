#include "format/onnx/opset_rules.h"

namespace mantissa::format {
namespace {

using Integers = std::vector<std::int64_t>;

// A constant scalar in the format of the node's first input, as the bounds of Clip and the value of Pad must be.
Result<ir::ValueId> scalar_like_input(NodeInMapping& mapping, std::string_view what, float value) {
  const ir::ValueId input = mapping.node.inputs.front();
  const auto format = mapping.graph.value(input).format;
  if (!format) return unsupported("the number format of its input is not known");
  return mapping.graph.add_constant(name_beside(mapping, what), {*format, {}, base::from_floats(*format, {&value, 1})});
}

Result<void> put_scalar(NodeInMapping& mapping, std::size_t index, std::string_view what, std::optional<float> value) {
  if (!value) return {};
  MANTISSA_ASSIGN(const ir::ValueId scalar, scalar_like_input(mapping, what, *value));
  put_input(mapping.node, index, scalar);
  return {};
}

void put_integers(NodeInMapping& mapping, std::size_t index, std::string_view what, std::optional<Integers> values) {
  if (values) put_input(mapping.node, index, integers_beside(mapping, what, *std::move(values)));
}

}  // namespace

// Squeeze(x) {axes=[2]}  ->  Squeeze(x, [2])
Result<void> axes_to_input(NodeInMapping& mapping) {
  put_integers(mapping, 1, "axes", take_attribute<Integers>(mapping.node, "axes"));
  return {};
}

// Clip(x) {min=0.0, max=1.0}  ->  Clip(x, 0, 1)
Result<void> clip_bounds_to_inputs(NodeInMapping& mapping) {
  MANTISSA_TRY(put_scalar(mapping, 1, "min", take_attribute<float>(mapping.node, "min")));
  return put_scalar(mapping, 2, "max", take_attribute<float>(mapping.node, "max"));
}

// DFT(x, length) {axis=1}  ->  DFT(x, length, 1); the default was 1 and became -2.
Result<void> dft_axis_to_input(NodeInMapping& mapping) {
  const std::int64_t axis = take_attribute<std::int64_t>(mapping.node, "axis").value_or(1);
  put_input(mapping.node, 2,
            mapping.graph.add_constant(name_beside(mapping, "axis"), ir::Tensor::of_integers({}, {axis})));
  return {};
}

// TopK(x) {k=3}  ->  TopK(x, [3])
Result<void> k_to_input(NodeInMapping& mapping) {
  put_integers(mapping, 1, "k", Integers{take_attribute<std::int64_t>(mapping.node, "k").value_or(1)});
  return {};
}

// Pad(x) {pads=[...], value=0.5}  ->  Pad(x, [...], 0.5)
Result<void> pads_to_inputs(NodeInMapping& mapping) {
  put_integers(mapping, 1, "pads", take_attribute<Integers>(mapping.node, "pads").value_or(Integers{}));
  return put_scalar(mapping, 2, "value", take_attribute<float>(mapping.node, "value"));
}

// Slice(x) {starts=[1], ends=[3], axes=[2]}  ->  Slice(x, [1], [3], [2])
Result<void> slice_bounds_to_inputs(NodeInMapping& mapping) {
  put_integers(mapping, 1, "starts", take_attribute<Integers>(mapping.node, "starts").value_or(Integers{}));
  put_integers(mapping, 2, "ends", take_attribute<Integers>(mapping.node, "ends").value_or(Integers{}));
  put_integers(mapping, 3, "axes", take_attribute<Integers>(mapping.node, "axes"));
  return {};
}

// Split(x) {split=[1, 2]}  ->  Split(x, [1, 2])
Result<void> split_to_input(NodeInMapping& mapping) {
  put_integers(mapping, 1, "split", take_attribute<Integers>(mapping.node, "split"));
  return {};
}

}  // namespace mantissa::format
