// GraphDef messages for tests, field by field.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "format/tensorflow.h"

namespace mantissa::format::test {

inline std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>((number & 0x7FU) | 0x80U);
  return bytes + static_cast<char>(number);
}
inline std::string number_field(int number, std::int64_t value) {
  return varint(static_cast<std::uint64_t>(number) << 3U) + varint(static_cast<std::uint64_t>(value));
}
inline std::string content_field(int number, const std::string& content) {
  return varint(static_cast<std::uint64_t>(number) << 3U | 2U) + varint(content.size()) + content;
}

// AttrValue
inline std::string text(const std::string& value) { return content_field(2, value); }
inline std::string integer(std::int64_t value) { return number_field(3, value); }
inline std::string type(std::int64_t value) { return number_field(6, value); }
inline std::string list(const std::vector<std::int64_t>& values) {
  std::string packed;
  for (const std::int64_t value : values) packed += varint(static_cast<std::uint64_t>(value));
  return content_field(1, content_field(3, packed));
}
inline std::string sizes(const std::vector<std::int64_t>& values) {  // TensorShapeProto
  std::string message;
  for (const std::int64_t value : values) message += content_field(2, number_field(1, value));
  return message;
}
inline std::string tensor(std::int64_t type, const std::vector<std::int64_t>& shape, const std::string& data) {
  return content_field(8, number_field(1, type) + content_field(2, sizes(shape)) + data);
}
template <class T>
std::string raw(const std::vector<T>& values) {  // tensor_content
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return content_field(4, bytes);
}

using Attributes = std::vector<std::pair<std::string, std::string>>;

inline std::string node(const std::string& op, const std::string& name, const std::vector<std::string>& inputs = {},
                        const Attributes& attributes = {}) {
  std::string message = content_field(1, name) + content_field(2, op);
  for (const std::string& input : inputs) message += content_field(3, input);
  for (const auto& [key, value] : attributes)
    message += content_field(5, content_field(1, key) + content_field(2, value));
  return content_field(1, message);
}
inline std::string picture(const std::string& name = "x") {
  return node("Placeholder", name, {}, {{"dtype", type(1)}});
}
inline std::string floats(const std::string& name, const std::vector<std::int64_t>& shape, std::vector<float> values) {
  return node("Const", name, {}, {{"dtype", type(1)}, {"value", tensor(1, shape, raw(values))}});
}
inline std::string integers(const std::string& name, const std::vector<std::int32_t>& values) {
  return node("Const", name, {}, {{"value", tensor(3, {static_cast<std::int64_t>(values.size())}, raw(values))}});
}
inline std::string conv(const std::string& name, const std::string& x, const std::string& weights,
                        std::int64_t stride = 1) {
  return node("Conv2D", name, {x, weights}, {{"padding", text("SAME")}, {"strides", list({1, stride, stride, 1})}});
}

inline Result<ir::Graph> read(const std::string& bytes) {
  return read_frozen_graph(base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end())));
}

}  // namespace mantissa::format::test
