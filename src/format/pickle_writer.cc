#include "format/pickle_writer.h"

#include <limits>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {

PickleWriter::PickleWriter() {
  op(PickleOpcode::proto);
  out_ += '\x02';
}

void PickleWriter::text(std::string_view utf8) {
  op(PickleOpcode::binunicode);
  append_little_endian(out_, static_cast<std::uint32_t>(utf8.size()));
  out_ += utf8;
}

void PickleWriter::integer(std::int64_t value) {
  if (value >= 0 && value <= 0xFF) {
    op(PickleOpcode::binint1);
    append_little_endian(out_, static_cast<std::uint8_t>(value));
  } else if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    op(PickleOpcode::binint);
    append_little_endian(out_, static_cast<std::uint32_t>(value));
  } else {
    op(PickleOpcode::long1);
    append_little_endian(out_, std::uint8_t{8});
    append_little_endian(out_, static_cast<std::uint64_t>(value));
  }
}

void PickleWriter::integers(std::span<const std::int64_t> values) {
  op(PickleOpcode::mark);
  for (const std::int64_t value : values) integer(value);
  op(PickleOpcode::tuple);
}

void PickleWriter::name(std::string_view full) {
  const std::size_t dot = full.rfind('.');
  op(PickleOpcode::global);
  out_ += full.substr(0, dot);
  out_ += '\n';
  out_ += full.substr(dot + 1);
  out_ += '\n';
}

void PickleWriter::ordered_dict() {
  name("collections.OrderedDict");
  op(PickleOpcode::empty_tuple);
  op(PickleOpcode::reduce);
}

std::string PickleWriter::finish() && {
  op(PickleOpcode::stop);
  return std::move(out_);
}

}  // namespace mantissa::format
