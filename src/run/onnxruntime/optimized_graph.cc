#include "run/onnxruntime/optimized_graph.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "base/files.h"

namespace mantissa::run::onnxruntime {

namespace {

// Field numbers of onnx.proto; they are part of the format and never change.
constexpr std::uint64_t kModelGraph = 7;
constexpr std::uint64_t kGraphNode = 1, kGraphInitializer = 5, kGraphInput = 11, kGraphOutput = 12, kGraphValue = 13;
constexpr std::uint64_t kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeOp = 4, kNodeAttribute = 5;
constexpr std::uint64_t kAttributeName = 1, kAttributeInteger = 3;
constexpr std::uint64_t kTensorType = 2, kTensorName = 8;
constexpr std::uint64_t kValueName = 1, kValueType = 2, kTypeTensor = 1, kTensorElement = 1;
// TensorProto.DataType.
constexpr std::uint64_t kFloat = 1, kUint8 = 2, kInt32 = 6, kInt64 = 7;

// One protobuf message, field by field (https://protobuf.dev/programming-guides/encoding). Damage ends it early: the
// file is the engine's own, written a moment ago.
class Message {
 public:
  explicit Message(std::string_view message) : rest_(message) {}

  // Goes to the next field; false at the end.
  bool next() {
    std::uint64_t tag = 0;
    if (rest_.empty() || !take_number(tag)) return false;
    field = tag >> 3;
    switch (tag & 7) {
      case 0:
        return take_number(number);
      case 1:
        return take_bytes(8);
      case 2: {
        std::uint64_t size = 0;
        return take_number(size) && take_bytes(size);
      }
      case 5:
        return take_bytes(4);
      default:
        return false;
    }
  }

  std::uint64_t field = 0;
  std::uint64_t number = 0;  // of a field that is a number
  std::string_view bytes;    // of one that is text or a message

 private:
  bool take_number(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool take_bytes(std::uint64_t size) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;  // what has not been read yet
};

// A number in one message, found by the path of fields to it; 0 where it is absent.
std::uint64_t number_in(std::string_view message, std::uint64_t field) {
  for (Message fields(message); fields.next();)
    if (fields.field == field) return fields.number;
  return 0;
}

std::string_view bytes_in(std::string_view message, std::uint64_t field) {
  for (Message fields(message); fields.next();)
    if (fields.field == field) return fields.bytes;
  return {};
}

// The short name of TensorProto.DataType.
std::string short_name(std::uint64_t type) {
  switch (type) {
    case kFloat:
      return "f32";
    case kUint8:
      return "u8";
    case 3:
      return "s8";
    case 4:
      return "u16";
    case 5:
      return "s16";
    case kInt32:
      return "s32";
    case kInt64:
      return "s64";
    case 9:
      return "bool";
    case 10:
      return "f16";
    case 11:
      return "f64";
    case 16:
      return "bf16";
    case 17:
      return "f8e4m3fn";
    case 19:
      return "f8e5m2";
    case 21:
      return "u4";
    case 22:
      return "s4";
    default:
      return "unknown";
  }
}

using Types = std::unordered_map<std::string_view, std::uint64_t>;  // TensorProto.DataType of values by name

// What the file says itself: the engine writes it for constants, inputs and outputs, but for few of the values between.
Types known_types(std::string_view graph) {
  Types types;
  for (Message fields(graph); fields.next();) {
    const std::string_view value = fields.bytes;
    if (fields.field == kGraphInitializer)
      types[bytes_in(value, kTensorName)] = number_in(value, kTensorType);
    else if (fields.field == kGraphInput || fields.field == kGraphOutput || fields.field == kGraphValue)
      types[bytes_in(value, kValueName)] =
          number_in(bytes_in(bytes_in(value, kValueType), kTypeTensor), kTensorElement);
  }
  return types;
}

struct Node {
  std::string_view op;
  std::string_view name;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::uint64_t cast_to = 0;
};

Node parse_node(std::string_view message) {
  Node node;
  for (Message fields(message); fields.next();) {
    switch (fields.field) {
      case kNodeOp:
        node.op = fields.bytes;
        break;
      case kNodeName:
        node.name = fields.bytes;
        break;
      case kNodeInput:
        node.inputs.push_back(fields.bytes);
        break;
      case kNodeOutput:
        node.outputs.push_back(fields.bytes);
        break;
      case kNodeAttribute:
        if (const auto name = bytes_in(fields.bytes, kAttributeName); name == "to" || name == "output_dtype")
          node.cast_to = number_in(fields.bytes, kAttributeInteger);
        break;
      default:
        break;
    }
  }
  return node;
}

std::uint64_t type_of_input(const Node& node, std::size_t index, const Types& types) {
  if (index >= node.inputs.size()) return 0;
  const auto type = types.find(node.inputs[index]);
  return type == types.end() ? 0 : type->second;
}

// The type that a node computes in: that of its data.
std::uint64_t data_type(const Node& node, const Types& types) {
  const bool scale_comes_first = node.op == "QLinearConcat";  // output scale, output zero point, then the data
  return type_of_input(node, scale_comes_first || node.op == "Where" ? 1 : 0, types);
}

// Operators that are not here give what they take.
std::uint64_t output_type(const Node& node, const Types& types) {
  if (node.cast_to != 0) return node.cast_to;
  if (node.op == "DequantizeLinear" || node.op == "MatMulIntegerToFloat") return kFloat;
  if (node.op == "QuantizeLinear") return node.inputs.size() > 2 ? type_of_input(node, 2, types) : kUint8;
  if (node.op == "DynamicQuantizeLinear") return kUint8;
  if (node.op == "ConvInteger" || node.op == "MatMulInteger") return kInt32;
  if (node.op == "Shape" || node.op == "Size" || node.op == "Tap") return kInt64;
  return data_type(node, types);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "mantissa-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<Placement> read_optimized_graph(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const base::Bytes file, base::map_file(path));
  const std::string_view graph = bytes_in({reinterpret_cast<const char*>(file.data()), file.size()}, kModelGraph);
  Types types = known_types(graph);
  Placement placement;
  for (Message fields(graph); fields.next();) {
    if (fields.field != kGraphNode) continue;
    const Node node = parse_node(fields.bytes);
    placement.entries.push_back({std::string(node.name), std::string(node.op), short_name(data_type(node, types))});
    for (const std::string_view output : node.outputs) types.try_emplace(output, output_type(node, types));
  }
  return placement;
}

}  // namespace mantissa::run::onnxruntime
