#include "format/onnx/constant_node.h"

#include "format/onnx/tensor.h"

namespace mantissa::format {

Result<ir::Tensor> take_constant(onnx::NodeProto& node, ExternalData& external) {
  if (node.attribute_size() != 1)
    return bad_input("it has " + std::to_string(node.attribute_size()) + " values instead of one");
  auto& value = *node.mutable_attribute(0);
  if (value.name() == "value") return take_tensor(*value.mutable_t(), external);
  if (value.name() == "value_int") return ir::Tensor::of_integers({}, {value.i()});
  if (value.name() == "value_ints")
    return ir::Tensor::of_integers({value.ints_size()}, {value.ints().begin(), value.ints().end()});
  if (value.name() == "value_float") return ir::Tensor::of_floats({}, {value.f()});
  if (value.name() == "value_floats")
    return ir::Tensor::of_floats({value.floats_size()}, {value.floats().begin(), value.floats().end()});
  return unsupported("its " + value.name() + " cannot be read: strings and sparse tensors are not supported");
}

}  // namespace mantissa::format
