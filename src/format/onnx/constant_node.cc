#include "format/onnx/constant_node.h"

#include "format/onnx/model_checks.h"

namespace mantissa::format {
namespace {

Result<onnx::TensorProto> tensor_of(onnx::NodeProto& node) {
  if (node.output_size() != 1)
    return bad_input("it has " + std::to_string(node.output_size()) + " outputs instead of one");
  if (node.attribute_size() != 1)
    return bad_input("it has " + std::to_string(node.attribute_size()) + " values instead of one");
  auto& value = *node.mutable_attribute(0);
  onnx::TensorProto tensor;
  if (value.name() == "value") {
    tensor = std::move(*value.mutable_t());
  } else if (value.name() == "value_int" || value.name() == "value_ints") {
    const bool is_scalar = value.name() == "value_int";
    if (is_scalar) value.add_ints(value.i());
    if (!is_scalar) tensor.add_dims(value.ints_size());
    tensor.set_data_type(onnx::TensorProto::INT64);
    *tensor.mutable_int64_data() = value.ints();
  } else if (value.name() == "value_float" || value.name() == "value_floats") {
    const bool is_scalar = value.name() == "value_float";
    if (is_scalar) value.add_floats(value.f());
    if (!is_scalar) tensor.add_dims(value.floats_size());
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    *tensor.mutable_float_data() = value.floats();
  } else {
    return unsupported("its " + value.name() + " cannot be read: strings and sparse tensors are not supported");
  }
  tensor.set_name(node.output(0));
  return tensor;
}

}  // namespace

Result<void> hoist_constants(onnx::GraphProto& graph) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> others;
  for (auto& node : *graph.mutable_node()) {
    if (node.op_type() != "Constant") {
      others.Add()->Swap(&node);
      continue;
    }
    MANTISSA_ASSIGN(onnx::TensorProto tensor, tensor_of(node).in("node " + describe(node)));
    *graph.add_initializer() = std::move(tensor);
  }
  graph.mutable_node()->Swap(&others);
  return {};
}

}  // namespace mantissa::format
