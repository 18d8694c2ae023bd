#include "format/onnx/raw_data.h"

#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <limits>

#include "format/onnx/proto.h"
#include "format/protobuf_fields.h"

namespace mantissa::format {
namespace {

using google::protobuf::internal::WireFormatLite;

constexpr std::size_t kLarge = 65536;  // smaller data are cheap to copy, and shape inference may want to read them

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7U) bytes += static_cast<char>((number & 0x7FU) | 0x80U);
  return bytes + static_cast<char>(number);
}

// Copies the fields of one message, but for what `visit` does with those that it knows. False: damaged.
class Fields {
 public:
  explicit Fields(const base::Bytes& bytes) : bytes_(bytes) {}

  // visit(field number, content, out) for each length-delimited field; false: the field is to be copied as it is.
  template <class Visit>
  bool copy(std::string& out, Visit&& visit) const {
    std::size_t kept = 0;  // up to where the bytes are in `out`, or have been left out
    const bool sound = each_field(bytes_, [&](const ProtobufField& field) {
      std::string replacement;
      if (!field.has_content || !visit(field.number, field.content, replacement)) return true;
      out.append(text(kept, field.start - kept)).append(replacement);
      kept = field.end;
      return true;
    });
    if (sound) out.append(text(kept, bytes_.size() - kept));
    return sound;
  }

 private:
  [[nodiscard]] const char* at(std::size_t offset) const {
    return reinterpret_cast<const char*>(bytes_.data()) + offset;
  }
  [[nodiscard]] std::string_view text(std::size_t offset, std::size_t size) const { return {at(offset), size}; }

  const base::Bytes& bytes_;
};

std::string field(int number, const std::string& content) {
  const std::uint32_t tag = WireFormatLite::MakeTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  return varint(tag) + varint(content.size()) + content;
}

}  // namespace

std::optional<ModelWithoutData> take_out_raw_data(const base::Bytes& model) {
  if (model.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  ModelWithoutData result;
  bool sound = true;
  const auto of_tensor = [&](int number, const base::Bytes& content, std::string&) {
    if (number != onnx::TensorProto::kRawDataFieldNumber || content.size() < kLarge) return false;
    result.raw.back() = content;
    return true;
  };
  const auto of_graph = [&](int number, const base::Bytes& content, std::string& out) {
    if (number != onnx::GraphProto::kInitializerFieldNumber) return false;
    result.raw.emplace_back();
    std::string tensor;
    sound = sound && Fields(content).copy(tensor, of_tensor);
    if (!result.raw.back()) return false;
    out = field(number, tensor);
    return true;
  };
  const auto of_model = [&](int number, const base::Bytes& content, std::string& out) {
    if (number != onnx::ModelProto::kGraphFieldNumber) return false;
    std::string graph;
    sound = sound && Fields(content).copy(graph, of_graph);
    out = field(number, graph);
    return true;
  };
  sound = Fields(model).copy(result.message, of_model) && sound;
  if (!sound) return std::nullopt;
  return result;
}

}  // namespace mantissa::format
