// The fields of a protobuf message one after the other, for messages that are looked at without being copied whole.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <limits>

#include "base/bytes.h"

namespace mantissa::format {

// One field (protobuf.dev, "Encoding"). `start` and `end` are offsets in the message, its tag included.
struct ProtobufField {
  int number = 0;
  bool has_content = false;  // length-delimited: a message, a text, bytes, packed numbers
  std::uint64_t value = 0;   // of the others: the number, or its bits
  base::Bytes content;
  std::size_t start = 0;
  std::size_t end = 0;
};

// visit(field) -> bool; false ends it. False: a visit said so, or the bytes are no message (or hold a group, which
// nothing has written for years), or more than 2 GiB, which no message can be.
template <class Visit>
[[nodiscard]] bool each_field(const base::Bytes& message, Visit&& visit) {
  using google::protobuf::internal::WireFormatLite;
  if (message.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(message.data()),
                                                static_cast<int>(message.size()));
  for (;;) {
    ProtobufField field;
    field.start = static_cast<std::size_t>(stream.CurrentPosition());
    const std::uint32_t tag = stream.ReadTag();
    if (tag == 0) return field.start == message.size();
    field.number = WireFormatLite::GetTagFieldNumber(tag);
    std::uint32_t narrow = 0;
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT:
        if (!stream.ReadVarint64(&field.value)) return false;
        break;
      case WireFormatLite::WIRETYPE_FIXED64:
        if (!stream.ReadLittleEndian64(&field.value)) return false;
        break;
      case WireFormatLite::WIRETYPE_FIXED32:
        if (!stream.ReadLittleEndian32(&narrow)) return false;
        field.value = narrow;
        break;
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
        if (!stream.ReadVarint32(&narrow)) return false;
        const auto at = static_cast<std::size_t>(stream.CurrentPosition());
        if (narrow > message.size() - at || !stream.Skip(static_cast<int>(narrow))) return false;
        field.has_content = true;
        field.content = message.part(at, narrow);
        break;
      }
      default:
        return false;
    }
    field.end = static_cast<std::size_t>(stream.CurrentPosition());
    if (!visit(field)) return false;
  }
}

}  // namespace mantissa::format
