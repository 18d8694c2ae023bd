#include "format/onnx/attribute.h"

#include "format/onnx/tensor.h"

namespace mantissa::format {
namespace {

// One overload a kind of attribute.
struct Writer {
  onnx::AttributeProto& message;

  void operator()(std::int64_t value) const {
    message.set_type(onnx::AttributeProto::INT);
    message.set_i(value);
  }
  void operator()(float value) const {
    message.set_type(onnx::AttributeProto::FLOAT);
    message.set_f(value);
  }
  void operator()(const std::string& value) const {
    message.set_type(onnx::AttributeProto::STRING);
    message.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    message.set_type(onnx::AttributeProto::INTS);
    message.mutable_ints()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<float>& values) const {
    message.set_type(onnx::AttributeProto::FLOATS);
    message.mutable_floats()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<std::string>& values) const {
    message.set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) message.add_strings(value);
  }
  void operator()(const ir::Tensor& tensor) const {
    message.set_type(onnx::AttributeProto::TENSOR);
    copy_tensor(tensor, *message.mutable_t());
  }
};

}  // namespace

Result<ir::Attribute> take_attribute(onnx::AttributeProto& message, ExternalData& external) {
  using Proto = onnx::AttributeProto;
  if (!message.ref_attr_name().empty()) return bad_input("it refers to an attribute of a function, outside of one");
  switch (message.type()) {
    case Proto::INT:
      return ir::Attribute(std::int64_t{message.i()});
    case Proto::FLOAT:
      return ir::Attribute(message.f());
    case Proto::STRING:
      return ir::Attribute(message.s());
    case Proto::INTS:
      return ir::Attribute(std::vector<std::int64_t>(message.ints().begin(), message.ints().end()));
    case Proto::FLOATS:
      return ir::Attribute(std::vector<float>(message.floats().begin(), message.floats().end()));
    case Proto::STRINGS:
      return ir::Attribute(std::vector<std::string>(message.strings().begin(), message.strings().end()));
    case Proto::TENSOR: {
      MANTISSA_ASSIGN(ir::Tensor tensor, take_tensor(*message.mutable_t(), external));
      return ir::Attribute(std::move(tensor));
    }
    default:
      return unsupported("it is a " + onnx::AttributeProto_AttributeType_Name(message.type()) +
                         ", which cannot be read");
  }
}

void copy_attribute(const ir::Attribute& attribute, onnx::AttributeProto& message) {
  std::visit(Writer{message}, attribute);
}

}  // namespace mantissa::format
