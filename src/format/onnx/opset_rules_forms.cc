#include <algorithm>

#include "format/onnx/opset_rules.h"

namespace mantissa::format {
namespace {

// The constant behind an input of a node that is not in the graph yet.
const ir::Tensor* constant_behind(const NodeInMapping& mapping, std::size_t index) {
  if (index >= mapping.node.inputs.size() || mapping.node.inputs[index] == ir::kNoValue) return nullptr;
  const auto& constant = mapping.graph.value(mapping.node.inputs[index]).constant;
  return constant ? &*constant : nullptr;
}

std::string text_attribute(const ir::Node& node, std::string_view name, std::string otherwise) {
  const auto found = node.attributes.find(name);
  const auto* text = found == node.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (text != nullptr) return *text;
  return otherwise;
}

ir::ValueId value_beside(NodeInMapping& mapping, std::string_view what, base::NumberFormat format,
                         std::optional<ir::Shape> shape) {
  return mapping.graph.add_value(name_beside(mapping, what), format, std::move(shape));
}

}  // namespace

// At inference Dropout passes its input on; its mask, which only training needs, is not produced.
Result<void> dropout_to_identity(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  if (node.inputs.size() > 2 && node.inputs[2] != ir::kNoValue) {
    const ir::Tensor* training = constant_behind(mapping, 2);
    if (training == nullptr || training->bytes.empty() || training->bytes.data()[0] != std::byte{0})
      return unsupported("it is in training mode", "Export the network for inference (model.eval())");
  }
  node.op = "Identity";
  node.attributes.clear();
  node.inputs.resize(1);
  node.outputs.resize(1);
  return {};
}

// Before opset 14 the statistics were further outputs; since then there is an attribute.
Result<void> normalization_at_inference(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  const auto training = take_attribute<std::int64_t>(node, "training_mode");
  const bool wants_statistics = std::any_of(node.outputs.begin() + 1, node.outputs.end(),
                                            [](ir::ValueId output) { return output != ir::kNoValue; });
  if (training.value_or(0) != 0 || wants_statistics)
    return unsupported("it is in training mode", "Export the network for inference (model.eval())");
  node.outputs.resize(1);
  return {};
}

// Since opset 18 the number of parts is said where their sizes are not.
Result<void> count_split_outputs(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  if (node.inputs.size() < 2) node.attributes["num_outputs"] = static_cast<std::int64_t>(node.outputs.size());
  return {};
}

// "bilinear" and "bicubic" became "linear" and "cubic" with opset 20, which is also for volumes.
Result<void> grid_sample_modes(NodeInMapping& mapping) {
  const std::string mode = text_attribute(mapping.node, "mode", "bilinear");
  if (mode.starts_with("bi")) mapping.node.attributes["mode"] = mode.substr(2);
  return {};
}

// Resize(x, scales) of opset 10 has no choice of coordinates: x_in = x_out / scale, and the nearest pixel is the one
// below, or above where the picture shrinks, as ONNX Runtime has it (NearestMode::SIMPLE in
// core/providers/cpu/tensor/upsamplebase.h).
Result<void> resize_coordinates(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  bool shrinks = false;
  if (const ir::Tensor* scales = constant_behind(mapping, 1)) {
    MANTISSA_ASSIGN(const std::vector<float> values, scales->floats());
    shrinks = std::any_of(values.begin(), values.end(), [](float scale) { return scale < 1; });
  }
  node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
  if (text_attribute(node, "mode", "nearest") == "nearest")
    node.attributes["nearest_mode"] = std::string(shrinks ? "ceil" : "floor");
  node.inputs.insert(node.inputs.begin() + 1,
                     ir::kNoValue);  // the region of interest, which only tf_crop_and_resize uses
  return {};
}

// Region and scales had to be there in opsets 11 and 12, empty where they were not meant.
Result<void> resize_without_empty_inputs(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  if (text_attribute(node, "coordinate_transformation_mode", "") == "tf_half_pixel_for_nn")
    return unsupported("its coordinates are those of tf_half_pixel_for_nn, which left ONNX with opset 13");
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    const ir::Tensor* constant = constant_behind(mapping, i);
    if (constant != nullptr && constant->count() == 0) node.inputs[i] = ir::kNoValue;
  }
  return {};
}

Result<void> scatter_to_scatter_elements(NodeInMapping& mapping) {
  mapping.node.op = "ScatterElements";
  return {};
}

// Until opset 12, `axis` split the tensor into a matrix whose rows were normalized;
// since 13 it is the one axis to normalize over.
//
//   y = Softmax(x) {axis=1}   ->   s = Shape(x);  m = Flatten(x) {axis=1};
//                                  n = Softmax(m) {axis=-1};  y = Reshape(n, s)
//
// The two are the same where `axis` is the last one.
Result<void> softmax_over_one_axis(NodeInMapping& mapping) {
  ir::Node& node = mapping.node;
  const std::int64_t axis = take_attribute<std::int64_t>(node, "axis").value_or(1);
  node.attributes["axis"] = std::int64_t{-1};
  const ir::Value input = mapping.graph.value(node.inputs.front());
  const auto rank = input.shape ? std::optional(static_cast<std::int64_t>(input.shape->size())) : std::nullopt;
  if (axis == -1 || (rank && axis == *rank - 1)) return {};

  std::optional<ir::Shape> length;
  if (rank) length = ir::Shape{{*rank, {}}};
  const auto format = mapping.graph.value(node.outputs.front()).format.value_or(base::NumberFormat::float32);
  const ir::Shape matrix(2);
  const ir::ValueId shape = value_beside(mapping, "shape", base::NumberFormat::int64, length);
  const ir::ValueId rows = value_beside(mapping, "rows", format, matrix);
  const ir::ValueId normalized = value_beside(mapping, "normalized", format, matrix);

  ir::Node shape_of{
      .op = "Shape", .domain = {}, .name = {}, .inputs = node.inputs, .outputs = {shape}, .attributes = {}};
  ir::Node flatten{.op = "Flatten",
                   .domain = {},
                   .name = {},
                   .inputs = node.inputs,
                   .outputs = {rows},
                   .attributes = {{"axis", axis}}};
  ir::Node reshape{.op = "Reshape",
                   .domain = {},
                   .name = {},
                   .inputs = {normalized, shape},
                   .outputs = node.outputs,
                   .attributes = {}};
  mapping.graph.add_node(std::move(shape_of));
  mapping.graph.add_node(std::move(flatten));
  node.inputs = {rows};
  node.outputs = {normalized};
  mapping.after.push_back(std::move(reshape));
  return {};
}

Result<void> upsample_to_resize(NodeInMapping& mapping) {
  mapping.node.op = "Resize";
  return {};
}

}  // namespace mantissa::format
