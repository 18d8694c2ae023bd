#include "format/network_file_content.h"

#include <algorithm>

#include "base/files.h"
#include "format/checkpoint/legacy_form.h"
#include "format/safetensors/header.h"

namespace mantissa::format {
namespace {

// The numbers of the fields of a protobuf message at its top level (protobuf.dev, "Encoding"), as bits; 0 where the
// bytes are none. The last field may be cut off: the reader is to say so. Of deeper levels only the first byte is
// looked at.
struct Fields {
  std::uint64_t varint = 0;
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;  // those of `bytes` that first appear as a message with a field 1 of bytes
  bool cut_off = false;
};

std::optional<std::uint64_t> take_varint(std::string_view& text) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !text.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text[0]);
    text.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

Fields fields_of(std::string_view text) {
  constexpr int kMostFields = 1'000'000;
  Fields fields;
  for (int i = 0; i < kMostFields && !text.empty(); ++i) {
    const auto tag = take_varint(text);
    if (!tag || *tag >> 3 == 0 || *tag >> 3 > 63) return {};
    const std::uint64_t field = std::uint64_t{1} << (*tag >> 3);
    const auto value = take_varint(text);
    if (!value && !text.empty()) return {};
    fields.cut_off = !value;
    switch (*tag & 7) {
      case 0:
        fields.varint |= field;
        break;
      case 2:
        if ((fields.bytes & field) == 0 && text.starts_with('\x0a')) fields.messages |= field;
        fields.bytes |= field;
        fields.cut_off |= value.value_or(0) > text.size();
        text.remove_prefix(std::min<std::uint64_t>(value.value_or(0), text.size()));
        break;
      default:
        return {};  // none of the messages below has others at its top level
    }
  }
  return fields;
}

constexpr bool has_field(std::uint64_t fields, int number) { return (fields >> number & 1) != 0; }

}  // namespace

Result<FileContent> look_at(const std::filesystem::path& path) {
  FileContent content;
  content.path = path;
  std::error_code ignored;
  content.is_folder = std::filesystem::is_directory(path, ignored);
  if (content.is_folder) return content;
  MANTISSA_ASSIGN(content.bytes, base::map_file(path));
  content.is_zip = content.has(0, "PK\x03\x04") || content.has(0, "PK\x05\x06");
  if (content.is_zip) {
    if (const auto archive = ZipArchive::open(content.bytes)) content.zip = content_of(*archive);
  }
  return content;
}

bool is_checkpoint(const FileContent& content) {
  return is_legacy_form(content.bytes) ||
         (content.is_zip && content.zip.value_or(ZipContent::checkpoint) == ZipContent::checkpoint);
}

// onnx/onnx.proto, ModelProto: 1 ir_version, 2 producer_name, 3 producer_version, 4 domain, 6 doc_string, 7 graph; what
// was cut off may end before the graph.
bool is_onnx(const FileContent& content) {
  const Fields fields = fields_of(content.text());
  const bool ends_early = fields.cut_off && (fields.bytes & ~std::uint64_t{0b1011100}) == 0 && fields.messages == 0;
  return has_field(fields.varint, 1) && (has_field(fields.bytes, 7) || (fields.bytes != 0 && ends_early));
}

// tensorflow/core/protobuf/saved_model.proto: 1 saved_model_schema_version, 2 meta_graphs, whose 1 is meta_info_def;
// nothing else.
bool is_saved_model(const FileContent& content) {
  if (content.is_folder) return content.holds("saved_model.pb");
  const Fields fields = fields_of(content.text());
  return fields.varint == 1 << 1 && fields.bytes == 1 << 2 && has_field(fields.messages, 2);
}

// tensorflow/core/framework/graph.proto: 1 node, whose 1 is its name, 2 library, 3 version, 4 versions, 5 debug_info.
bool is_frozen_graph(const FileContent& content) {
  const Fields fields = fields_of(content.text());
  return has_field(fields.messages, 1) && (fields.bytes & ~std::uint64_t{0b110110}) == 0 &&
         (fields.varint & ~std::uint64_t{0b1000}) == 0;
}

// huggingface.co/docs/safetensors: the length of a JSON header in 8 bytes, then the header.
bool is_safetensors(const FileContent& content) {
  const auto length = load_little_endian<std::uint64_t>(content.bytes.span(), 0);
  return length && *length >= 2 && *length <= kLargestHeader && content.has(8, "{");
}

bool is_pickle(const FileContent& content) {
  return content.bytes.size() > 1 && content.has(0, "\x80") && content.text()[1] >= 2 && content.text()[1] <= 5;
}

bool is_web_page(const FileContent& content) {
  const std::string_view start = content.text().substr(0, 200);
  return start.find("<!DOCTYPE html") != std::string_view::npos ||
         start.find("<!doctype html") != std::string_view::npos || start.find("<html") != std::string_view::npos;
}

bool is_openvino(const FileContent& content) {
  return content.has(0, "<?xml") && content.text().substr(0, 300).find("<net") != std::string_view::npos;
}

bool is_webp(const FileContent& content) { return content.has(0, "RIFF") && content.has(8, "WEBP"); }

}  // namespace mantissa::format
