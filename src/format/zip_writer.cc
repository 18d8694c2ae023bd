#include "format/zip_writer.h"

#include <zlib.h>

#include <algorithm>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {
namespace {

// Records and numbers: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // and above: the number stands in the zip64 record
constexpr std::uint64_t kCountIn64 = 0xFFFF;
constexpr std::uint16_t kVersion = 45;        // zip64
constexpr std::uint16_t kUtf8Names = 0x0800;  // general purpose bit 11
constexpr std::uint16_t kFirstDay = 0x0021;   // 1980-01-01, the earliest date that the format has
constexpr std::uint16_t kZip64Extra = 0x0001;
// caffe2/serialize/inline_container.cc: data at multiples of kFieldAlignment,
// by an extra field "FB" of the right length.
constexpr std::uint64_t kAlignment = 64;
constexpr std::uint16_t kPaddingExtra = 0x4246;
constexpr std::size_t kExtraHeader = 4;
constexpr std::size_t kLocalHeader = 30;

std::uint32_t narrow(std::uint64_t value) { return static_cast<std::uint32_t>(std::min(value, kIn64)); }

// The extra field with those of the numbers that do not fit their 32 bits.
std::string zip64_extra(std::initializer_list<std::uint64_t> numbers) {
  std::string body;
  for (const std::uint64_t number : numbers) {
    if (number >= kIn64) append_little_endian(body, number);
  }
  if (body.empty()) return body;
  std::string extra;
  append_little_endian(extra, kZip64Extra);
  append_little_endian(extra, static_cast<std::uint16_t>(body.size()));
  return extra + body;
}

// The part that the local and the central header have in common, from the version needed to the length of the name.
std::string common_fields(std::uint32_t crc, std::uint64_t size, std::string_view name) {
  std::string fields;
  append_little_endian(fields, kVersion);
  append_little_endian(fields, kUtf8Names);
  append_little_endian(fields, std::uint16_t{0});  // stored
  append_little_endian(fields, std::uint16_t{0});  // midnight
  append_little_endian(fields, kFirstDay);
  append_little_endian(fields, crc);
  append_little_endian(fields, narrow(size));
  append_little_endian(fields, narrow(size));
  append_little_endian(fields, static_cast<std::uint16_t>(name.size()));
  return fields;
}

}  // namespace

Result<void> ZipWriter::put(std::string_view bytes) {
  MANTISSA_TRY(file_.write(bytes));
  at_ += bytes.size();
  return {};
}

Result<void> ZipWriter::add(std::string_view name, std::span<const std::byte> data) {
  if (name.empty() || name.size() > 0xFFFF) return internal_error("an entry of a zip archive has no usable name");
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
  const std::string fields = common_fields(crc, data.size(), name);

  std::string extra = data.size() >= kIn64 ? zip64_extra({data.size(), data.size()}) : std::string();
  const std::uint64_t unpadded = at_ + kLocalHeader + name.size() + extra.size() + kExtraHeader;
  const std::uint64_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  append_little_endian(extra, kPaddingExtra);
  append_little_endian(extra, static_cast<std::uint16_t>(padding));
  extra.append(padding, 'Z');

  const std::string wide = zip64_extra({data.size(), data.size(), at_});
  append_little_endian(directory_, std::uint32_t{0x02014b50});
  append_little_endian(directory_, kVersion);
  directory_ += fields;
  append_little_endian(directory_, static_cast<std::uint16_t>(wide.size()));
  directory_.append(2 + 2 + 2 + 4, '\0');  // comment, disk, attributes
  append_little_endian(directory_, narrow(at_));
  directory_ += name;
  directory_ += wide;
  ++entries_;

  std::string header;
  append_little_endian(header, std::uint32_t{0x04034b50});
  header += fields;
  append_little_endian(header, static_cast<std::uint16_t>(extra.size()));
  header += name;
  header += extra;
  MANTISSA_TRY(put(header));
  return put(as_text(data));
}

Result<void> ZipWriter::finish() {
  const std::uint64_t offset = at_;
  const std::uint64_t size = directory_.size();
  MANTISSA_TRY(put(directory_));
  std::string end;
  if (offset >= kIn64 || size >= kIn64 || entries_ >= kCountIn64) {
    append_little_endian(end, std::uint32_t{0x06064b50});
    append_little_endian(end, std::uint64_t{44});  // bytes of this record after this field
    append_little_endian(end, kVersion);
    append_little_endian(end, kVersion);
    end.append(4 + 4, '\0');  // disks
    append_little_endian(end, entries_);
    append_little_endian(end, entries_);
    append_little_endian(end, size);
    append_little_endian(end, offset);
    append_little_endian(end, std::uint32_t{0x07064b50});
    end.append(4, '\0');
    append_little_endian(end, offset + size);
    append_little_endian(end, std::uint32_t{1});  // disks
  }
  const auto count = static_cast<std::uint16_t>(std::min(entries_, kCountIn64));
  append_little_endian(end, std::uint32_t{0x06054b50});
  end.append(2 + 2, '\0');
  append_little_endian(end, count);
  append_little_endian(end, count);
  append_little_endian(end, narrow(size));
  append_little_endian(end, narrow(offset));
  end.append(2, '\0');
  return put(end);
}

}  // namespace mantissa::format
