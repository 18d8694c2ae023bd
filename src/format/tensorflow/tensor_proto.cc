#include "format/tensorflow/tensor_proto.h"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "base/numbers.h"
#include "format/protobuf_fields.h"
#include "format/tensorflow/graph_def.h"

namespace mantissa::format {
namespace {

using base::NumberFormat;

constexpr std::int64_t kMostFilled = 4'000'000;

enum Field { kType = 1, kShape = 2, kContent = 4 };

// The formats of framework/types.proto that networks have, and the field of a TensorProto with numbers of each.
struct Form {
  std::uint64_t type;
  NumberFormat format;
  int field;
};
constexpr Form kForms[] = {
    {1, NumberFormat::float32, 5},   {2, NumberFormat::float64, 6},    {3, NumberFormat::int32, 7},
    {4, NumberFormat::uint8, 7},     {6, NumberFormat::int8, 7},       {9, NumberFormat::int64, 10},
    {10, NumberFormat::boolean, 11}, {14, NumberFormat::bfloat16, 13}, {19, NumberFormat::float16, 13},
};

const Form* form_of(std::uint64_t type) {
  for (const Form& form : kForms)
    if (form.type == type) return &form;
  return nullptr;
}

// Floats and doubles are packed as they lie in memory; the bits of halfs are integers.
bool append_reals(const ProtobufField& field, NumberFormat format, std::vector<float>& reals) {
  if (format == NumberFormat::float16 || format == NumberFormat::bfloat16) {
    std::vector<std::int64_t> bits;
    if (!append_integers(field, bits)) return false;
    for (const std::int64_t each : bits)
      reals.push_back(format == NumberFormat::float16 ? base::half_to_float(static_cast<std::uint16_t>(each))
                                                      : base::bfloat16_to_float(static_cast<std::uint16_t>(each)));
    return true;
  }
  const bool is_double = format == NumberFormat::float64;
  if (!field.has_content) {
    reals.push_back(is_double ? static_cast<float>(std::bit_cast<double>(field.value))
                              : std::bit_cast<float>(static_cast<std::uint32_t>(field.value)));
    return true;
  }
  const std::size_t size = is_double ? sizeof(double) : sizeof(float);
  if (field.content.size() % size != 0) return false;
  const auto numbers = base::to_floats(format, field.content, field.content.size() / size);
  if (!numbers.ok()) return false;
  reals.insert(reals.end(), numbers->begin(), numbers->end());
  return true;
}

struct Message {
  const Form* form = nullptr;
  std::optional<std::vector<std::int64_t>> shape = std::vector<std::int64_t>();
  std::optional<base::Bytes> content;
};

Result<Message> outline(const base::Bytes& message) {
  Message tensor;
  std::uint64_t type = 0;
  const bool sound = each_field(message, [&](const ProtobufField& field) {
    if (field.number == kType && !field.has_content) type = field.value;
    if (field.number == kShape && field.has_content) tensor.shape = parse_tensor_shape(field.content);
    if (field.number == kContent && field.has_content && !field.content.empty()) tensor.content = field.content;
    return true;
  });
  if (!sound || !tensor.shape) return bad_input("its tensor is damaged");
  tensor.form = form_of(type);
  if (tensor.form == nullptr)
    return unsupported(
        "its tensor is of TensorFlow's type " + std::to_string(type) +
        ", and of numbers only float, double, half, bfloat16, int8, uint8, int32, int64 and bool are known");
  return tensor;
}

Result<ir::Tensor> with_content(const Message& message) {
  ir::Tensor tensor{message.form->format, *message.shape, *message.content};
  if (!tensor.fits())
    return bad_input("its tensor has " + std::to_string(message.content->size()) +
                     " bytes, which do not fit its shape");
  if (base::is_floating(tensor.format)) {
    MANTISSA_ASSIGN(std::vector<float> values, tensor.floats());
    return ir::Tensor::of_floats(*message.shape, std::move(values));
  }
  MANTISSA_ASSIGN(std::vector<std::int64_t> values, tensor.integers());
  return ir::Tensor::of_integers(*message.shape, std::move(values));
}

// The elements that the message leaves out.
template <class T>
Result<void> fill(std::vector<T>& values, std::int64_t count, std::int64_t& filled) {
  const auto given = static_cast<std::int64_t>(values.size());
  if (given > count) return bad_input("its tensor has more numbers than its shape has elements");
  if (count - given > kMostFilled - filled)
    return bad_input("its tensor has " + std::to_string(given) + " numbers for a shape that is much larger");
  filled += count - given;
  values.resize(static_cast<std::size_t>(count), values.empty() ? T{} : values.back());
  return {};
}

}  // namespace

Result<ir::Tensor> parse_tensor(const base::Bytes& bytes, std::int64_t& filled) {
  MANTISSA_ASSIGN(const Message message, outline(bytes));
  if (message.content) return with_content(message);
  const bool floating = base::is_floating(message.form->format);
  std::vector<float> reals;
  std::vector<std::int64_t> integers;
  const bool sound = each_field(bytes, [&](const ProtobufField& field) {
    if (field.number != message.form->field) return true;
    return floating ? append_reals(field, message.form->format, reals) : append_integers(field, integers);
  });
  if (!sound) return bad_input("the numbers of its tensor are damaged");
  const std::int64_t count = ir::Tensor{NumberFormat::int8, *message.shape, {}}.count();
  if (floating) {
    MANTISSA_TRY(fill(reals, count, filled));
    return ir::Tensor::of_floats(*message.shape, std::move(reals));
  }
  MANTISSA_TRY(fill(integers, count, filled));
  return ir::Tensor::of_integers(*message.shape, std::move(integers));
}

}  // namespace mantissa::format
