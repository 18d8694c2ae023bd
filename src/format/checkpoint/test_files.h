// For tests: pickles, zip archives and legacy files put together byte by byte, so that each of their fields can lie.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format::test {

// --- pickles: each function gives the instructions that leave one object on the stack ---

template <class T>
std::string little_endian(T value) {
  std::string bytes;
  append_little_endian(bytes, value);
  return bytes;
}

inline std::string pickled(std::string_view body) { return "\x80\x02" + std::string(body) + "."; }
inline std::string text(std::string_view value) {
  return "X" + little_endian(static_cast<std::uint32_t>(value.size())) + std::string(value);
}
inline std::string number(std::int64_t value) { return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(value)); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string joined(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += item;
  return all;
}
inline std::string tuple(const std::vector<std::string>& items) { return "(" + joined(items) + "t"; }
inline std::string list(const std::vector<std::string>& items) { return "](" + joined(items) + "e"; }
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string call(const std::string& callable, const std::vector<std::string>& arguments) {
  return callable + tuple(arguments) + "R";
}
// Keys and values alternate.
inline std::string dict(const std::vector<std::string>& items) { return "}(" + joined(items) + "u"; }
inline std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }

struct TestStorage {
  std::string type = "FloatStorage";
  std::string key = "0";
  std::int64_t count = 6;
  std::string view = {};  // instructions of the view's tuple
};
inline std::string storage(const TestStorage& s = {}) {
  return tuple({text("storage"), global("torch", s.type), text(s.key), text("cpu"), number(s.count), s.view}) + "Q";
}

struct TestTensor {
  std::string of = storage();
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape = {2, 3};
  std::vector<std::int64_t> strides = {3, 1};
};
inline std::string tensor(const TestTensor& t = {}) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {t.of, number(t.offset), numbers(t.shape), numbers(t.strides), "\x89", ordered_dict()});
}

// Six floats, 0 to 5.
inline std::string six_floats() {
  std::string bytes;
  for (const std::uint32_t bits : {0x00000000U, 0x3f800000U, 0x40000000U, 0x40400000U, 0x40800000U, 0x40a00000U}) {
    append_little_endian(bytes, bits);
  }
  return bytes;
}

// --- zip archives ---

inline std::string deflated(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct ZipPart {
  std::string name;
  std::string data;  // before compression
  bool deflate = false;
  // What is written instead of the truth.
  std::optional<std::uint16_t> method = {};
  std::uint16_t flags = 0;
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint32_t> size = {};             // both headers
  std::optional<std::uint32_t> compressed_size = {};  // both headers
  std::optional<std::uint32_t> local_size = {};
  std::optional<std::uint32_t> header_offset = {};
  std::optional<std::string> local_name = {};
  std::optional<std::uint16_t> central_name_length = {};
  std::optional<std::uint16_t> local_name_length = {};
  std::string extra = {};  // of the central header
};

struct ZipEnd {
  std::optional<std::uint16_t> entries = {};
  std::optional<std::uint32_t> size = {};
  std::optional<std::uint32_t> offset = {};
  std::uint16_t disk = 0;
  std::uint16_t comment_length = 0;
  std::string trailing = {};
  std::string before = {};  // between the directory and its end
};

inline std::string zip_of(const std::vector<ZipPart>& parts, const ZipEnd& end = {}) {
  std::string file;
  std::string directory;
  for (const ZipPart& part : parts) {
    const std::string data = part.deflate ? deflated(part.data) : part.data;
    const auto true_crc = crc32_z(0, reinterpret_cast<const Bytef*>(part.data.data()), part.data.size());
    const std::uint16_t method = part.method.value_or(part.deflate ? 8 : 0);
    const auto crc = part.crc.value_or(static_cast<std::uint32_t>(true_crc));
    const auto compressed = part.compressed_size.value_or(static_cast<std::uint32_t>(data.size()));
    const auto size = part.size.value_or(static_cast<std::uint32_t>(part.data.size()));
    const auto offset = part.header_offset.value_or(static_cast<std::uint32_t>(file.size()));
    const std::string local_name = part.local_name.value_or(part.name);
    const std::string start = little_endian(std::uint16_t{20}) + little_endian(part.flags) + little_endian(method) +
                              little_endian(std::uint32_t{0x00210000}) + little_endian(crc) + little_endian(compressed);
    directory += "PK\x01\x02" + little_endian(std::uint16_t{20}) + start + little_endian(size) +
                 little_endian(part.central_name_length.value_or(static_cast<std::uint16_t>(part.name.size()))) +
                 little_endian(static_cast<std::uint16_t>(part.extra.size())) + std::string(10, '\0') +
                 little_endian(offset) + part.name + part.extra;
    file += "PK\x03\x04" + start + little_endian(part.local_size.value_or(size)) +
            little_endian(part.local_name_length.value_or(static_cast<std::uint16_t>(local_name.size()))) +
            little_endian(std::uint16_t{0}) + local_name + data;
  }
  const auto count = end.entries.value_or(static_cast<std::uint16_t>(parts.size()));
  const auto offset = end.offset.value_or(static_cast<std::uint32_t>(file.size()));
  return file + directory + end.before + "PK\x05\x06" + little_endian(end.disk) + little_endian(end.disk) +
         little_endian(count) + little_endian(count) +
         little_endian(end.size.value_or(static_cast<std::uint32_t>(directory.size()))) + little_endian(offset) +
         little_endian(end.comment_length) + end.trailing;
}

// A checkpoint in the zip form: the object, and storage "0".
inline std::string zip_form(const std::string& object, const std::string& data = six_floats()) {
  return zip_of({{"a/data.pkl", pickled(object)}, {"a/data/0", data}, {"a/version", "3\n"}});
}

// --- the legacy form ---

struct LegacyParts {
  std::string magic = pickled(std::string("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 12));
  std::string protocol = pickled("M\xe9\x03");
  std::string system = pickled(dict({text("protocol_version"), "M\xe9\x03", text("little_endian"), "\x88"}));
  std::string object = pickled(dict({text("w"), tensor()}));
  std::string keys = pickled(list({text("0")}));
  std::string storages = little_endian(std::uint64_t{6}) + six_floats();
};
inline std::string legacy_form(const LegacyParts& parts = {}) {
  return parts.magic + parts.protocol + parts.system + parts.object + parts.keys + parts.storages;
}

}  // namespace mantissa::format::test
