#include "format/onnx/tensor.h"

#include <memory>
#include <string>

#include "format/onnx/element_type.h"

namespace mantissa::format {
namespace {

using base::NumberFormat;

base::Bytes take_raw(onnx::TensorProto& message) {
  const auto owner = std::make_shared<const std::string>(std::move(*message.mutable_raw_data()));
  return {owner, std::as_bytes(std::span<const char>(*owner))};
}

// ONNX keeps narrow elements one to an int32 (two 4-bit ones); what does not fit the narrow type is cut off,
// as ONNX's own readers do.
template <class T, class Field>
base::Bytes narrow(const Field& field) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(field.size()));
  for (const auto value : field) values.push_back(static_cast<T>(value));
  return base::Bytes::take(std::move(values));
}

// For data in one of the typed fields; which one is decided by the format.
base::Bytes typed_data(const onnx::TensorProto& message, NumberFormat format) {
  switch (format) {
    case NumberFormat::float32:
      return narrow<float>(message.float_data());
    case NumberFormat::float64:
      return narrow<double>(message.double_data());
    case NumberFormat::int64:
      return narrow<std::int64_t>(message.int64_data());
    case NumberFormat::uint64:
      return narrow<std::uint64_t>(message.uint64_data());
    case NumberFormat::uint32:
      return narrow<std::uint32_t>(message.uint64_data());
    case NumberFormat::int32:
      return narrow<std::int32_t>(message.int32_data());
    default:
      break;
  }
  if (base::bits_of(format) == 16) return narrow<std::uint16_t>(message.int32_data());
  return narrow<std::uint8_t>(message.int32_data());
}

std::string in_words(const onnx::TensorProto& message) {
  std::string text = data_type_name(message.data_type()) + "[";
  for (int i = 0; i < message.dims_size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(message.dims(i));
  return text + "]";
}

}  // namespace

Result<ir::Tensor> take_tensor(onnx::TensorProto& message, ExternalData& external,
                               const std::optional<base::Bytes>& raw) {
  const auto format = format_of(message.data_type());
  if (!format && message.data_type() == onnx::TensorProto::UNDEFINED)
    return bad_input("its number format is not given");
  if (!format || format == NumberFormat::string)
    return unsupported("it holds " + data_type_name(message.data_type()) +
                       ", a number format that mantissa does not have");
  if (message.has_segment()) return unsupported("it is stored in segments");

  ir::Tensor tensor{*format, {message.dims().begin(), message.dims().end()}, {}};
  if (is_external(message)) {
    MANTISSA_ASSIGN(tensor.bytes, external.find(message));
  } else if (raw) {
    tensor.bytes = *raw;
  } else if (message.has_raw_data()) {
    tensor.bytes = take_raw(message);
  } else {
    tensor.bytes = typed_data(message, *format);
  }
  if (!tensor.fits())
    return bad_input("its " + std::to_string(tensor.bytes.size()) + " bytes of data do not fit " + in_words(message));
  return tensor;
}

void describe_tensor(const ir::Tensor& tensor, onnx::TensorProto& message) {
  message.set_data_type(data_type_of(tensor.format));
  for (const std::int64_t size : tensor.shape) message.add_dims(size);
}

void copy_tensor(const ir::Tensor& tensor, onnx::TensorProto& message) {
  describe_tensor(tensor, message);
  message.set_raw_data(tensor.bytes.data(), tensor.bytes.size());
}

}  // namespace mantissa::format
