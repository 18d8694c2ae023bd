// The nodes of a GraphDef, as TensorFlow's framework/graph.proto, node_def.proto and attr_value.proto lay them out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mantissa/result.h"

namespace mantissa::format {

struct TensorFlowNode {
  std::string name;
  std::string op;
  std::vector<std::string> inputs;                             // "node" or "node:1"; without control inputs
  std::map<std::string, base::Bytes, std::less<>> attributes;  // AttrValue messages, in the bytes of the file

  // An attribute, or what stands for one that is left out; one of another type counts as left out.
  [[nodiscard]] std::int64_t integer(std::string_view attribute, std::int64_t otherwise) const;  // bool and type too
  [[nodiscard]] float real(std::string_view attribute, float otherwise) const;
  [[nodiscard]] std::string text(std::string_view attribute, std::string otherwise) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view attribute,
                                                   std::vector<std::int64_t> otherwise) const;
  // Sizes, -1 where one is unknown; nullopt: not even the rank is known.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> shape(std::string_view attribute) const;
  [[nodiscard]] std::optional<base::Bytes> tensor(std::string_view attribute) const;  // a TensorProto message

  [[nodiscard]] std::string place() const { return "node " + op + " " + name; }
};

// Errors (bad_input): no such message; a name that TensorFlow does not permit; more than 100,000 nodes.
[[nodiscard]] Result<std::vector<TensorFlowNode>> parse_graph_def(const base::Bytes& bytes);

// The sizes of a TensorShapeProto; nullopt: unknown rank, or damaged.
[[nodiscard]] std::optional<std::vector<std::int64_t>> parse_tensor_shape(const base::Bytes& message);

// The integers of a repeated field, packed or not, appended. False: damaged.
struct ProtobufField;
[[nodiscard]] bool append_integers(const ProtobufField& field, std::vector<std::int64_t>& integers);

}  // namespace mantissa::format
