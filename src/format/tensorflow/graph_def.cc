#include "format/tensorflow/graph_def.h"

#include <algorithm>
#include <bit>
#include <cctype>

#include "format/protobuf_fields.h"

namespace mantissa::format {
namespace {

constexpr std::size_t kMostNodes = 100'000;  // the largest frozen graphs in use have some 10,000
constexpr std::size_t kMostInputs = 1'000'000;
constexpr std::size_t kLongestName = 1000;
constexpr std::size_t kHighestRank = 64;

// The numbers of the fields.
constexpr int kGraphNode = 1;
enum NodeField { kName = 1, kOp = 2, kInput = 3, kAttribute = 5 };
enum EntryField { kKey = 1, kValue = 2 };
enum ValueField { kList = 1, kText = 2, kInteger = 3, kReal = 4, kBoolean = 5, kType = 6, kShape = 7, kTensor = 8 };
constexpr int kListInteger = 3;
enum ShapeField { kDimension = 2, kUnknownRank = 3 };
constexpr int kDimensionSize = 1;

std::string text_of(const base::Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Letters, digits and _.\/>- (framework/node_def_util.cc), so that a name can stand in a message; of an input also
// the ":1" behind it.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_.\\/>-:").find(c) != std::string::npos;
  });
}

// One field of a message with the wanted number; the last of several, as protobuf has it.
template <class Wanted>
std::optional<ProtobufField> find_field(const base::Bytes& message, Wanted&& wanted) {
  std::optional<ProtobufField> found;
  const bool sound = each_field(message, [&](const ProtobufField& field) {
    if (wanted(field)) found = field;
    return true;
  });
  return sound ? found : std::nullopt;
}

std::optional<ProtobufField> value_of(const TensorFlowNode& node, std::string_view attribute, int kind,
                                      bool has_content) {
  const auto found = node.attributes.find(attribute);
  if (found == node.attributes.end()) return std::nullopt;
  return find_field(found->second, [&](const ProtobufField& field) {
    return field.number == kind && field.has_content == has_content;
  });
}

bool parse_attribute(const base::Bytes& entry, TensorFlowNode& node) {
  std::string key;
  base::Bytes value;
  const bool sound = each_field(entry, [&](const ProtobufField& field) {
    if (field.number == kKey && field.has_content) key = text_of(field.content);
    if (field.number == kValue && field.has_content) value = field.content;
    return true;
  });
  if (sound) node.attributes.insert_or_assign(std::move(key), std::move(value));
  return sound;
}

bool parse_node(const base::Bytes& message, TensorFlowNode& node) {
  return each_field(message, [&](const ProtobufField& field) {
    if (!field.has_content) return true;
    if (field.number == kName) node.name = text_of(field.content);
    if (field.number == kOp) node.op = text_of(field.content);
    if (field.number == kInput && (field.content.empty() || field.content.data()[0] != std::byte{'^'}))
      node.inputs.push_back(text_of(field.content));
    return field.number != kAttribute || parse_attribute(field.content, node);
  });
}

}  // namespace

bool append_integers(const ProtobufField& field, std::vector<std::int64_t>& integers) {
  if (!field.has_content) {
    integers.push_back(static_cast<std::int64_t>(field.value));
    return true;
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(field.content.data()),
                                                static_cast<int>(field.content.size()));
  while (static_cast<std::size_t>(stream.CurrentPosition()) < field.content.size()) {
    std::uint64_t value = 0;
    if (!stream.ReadVarint64(&value)) return false;
    integers.push_back(static_cast<std::int64_t>(value));
  }
  return true;
}

std::optional<std::vector<std::int64_t>> parse_tensor_shape(const base::Bytes& message) {
  std::vector<std::int64_t> sizes;
  bool known = true;
  const bool sound = each_field(message, [&](const ProtobufField& field) {
    if (field.number == kUnknownRank && !field.has_content && field.value != 0) known = false;
    if (field.number != kDimension || !field.has_content) return true;
    const auto size = find_field(
        field.content, [](const ProtobufField& each) { return each.number == kDimensionSize && !each.has_content; });
    sizes.push_back(size ? static_cast<std::int64_t>(size->value) : 0);  // 0 is what protobuf does not write
    return sizes.size() <= kHighestRank;
  });
  if (!sound || !known) return std::nullopt;
  return sizes;
}

std::int64_t TensorFlowNode::integer(std::string_view attribute, std::int64_t otherwise) const {
  for (const int kind : {kInteger, kBoolean, kType})
    if (const auto field = value_of(*this, attribute, kind, false)) return static_cast<std::int64_t>(field->value);
  return otherwise;
}

float TensorFlowNode::real(std::string_view attribute, float otherwise) const {
  const auto field = value_of(*this, attribute, kReal, false);
  return field ? std::bit_cast<float>(static_cast<std::uint32_t>(field->value)) : otherwise;
}

std::string TensorFlowNode::text(std::string_view attribute, std::string otherwise) const {
  const auto field = value_of(*this, attribute, kText, true);
  return field ? text_of(field->content) : std::move(otherwise);
}

std::vector<std::int64_t> TensorFlowNode::integers(std::string_view attribute,
                                                   std::vector<std::int64_t> otherwise) const {
  const auto list = value_of(*this, attribute, kList, true);
  std::vector<std::int64_t> integers;
  if (!list || !each_field(list->content, [&](const ProtobufField& field) {
        return field.number != kListInteger || append_integers(field, integers);
      }))
    return otherwise;
  return integers;
}

std::optional<std::vector<std::int64_t>> TensorFlowNode::shape(std::string_view attribute) const {
  const auto field = value_of(*this, attribute, kShape, true);
  return field ? parse_tensor_shape(field->content) : std::nullopt;
}

std::optional<base::Bytes> TensorFlowNode::tensor(std::string_view attribute) const {
  const auto field = value_of(*this, attribute, kTensor, true);
  if (!field) return std::nullopt;
  return field->content;
}

Result<std::vector<TensorFlowNode>> parse_graph_def(const base::Bytes& bytes) {
  std::vector<TensorFlowNode> nodes;
  std::size_t inputs = 0;
  const bool sound = each_field(bytes, [&](const ProtobufField& field) {
    if (field.number != kGraphNode || !field.has_content) return true;
    if (nodes.size() == kMostNodes || inputs > kMostInputs) return false;
    const bool whole = parse_node(field.content, nodes.emplace_back());
    inputs += nodes.back().inputs.size();
    return whole;
  });
  if (sound) {
    for (const TensorFlowNode& node : nodes) {
      if (!is_name(node.name) || !is_name(node.op) || !std::all_of(node.inputs.begin(), node.inputs.end(), is_name))
        return bad_input("one of its nodes has a name that TensorFlow does not permit, so it is damaged",
                         "Export or download it again");
    }
    return nodes;
  }
  if (nodes.size() == kMostNodes || inputs > kMostInputs)
    return bad_input("it has more than " + std::to_string(kMostNodes) + " nodes, or inputs of them beyond reason",
                     "Give the graph of the network alone, without training");
  return bad_input("it is damaged or incomplete", "Export or download it again");
}

}  // namespace mantissa::format
