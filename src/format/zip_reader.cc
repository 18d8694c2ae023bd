#include "format/zip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <numeric>

#include "format/checkpoint/little_endian.h"
#include "format/zip_directory.h"

namespace mantissa::format {
namespace {

// Weights shrink by a tenth when they are deflated; an archive
// that grows by more than this was made to fill the memory.
constexpr std::uint64_t kMostGrowth = 64;
constexpr std::uint64_t kGrowthAllowed = 64 << 20;
constexpr std::uint64_t kCheckedUpTo = 1 << 30;  // bytes of an archive whose stored entries have their CRC checked

Error damaged(std::string what) { return bad_input(std::move(what), "Download or save the file again"); }

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Raw deflate (RFC 1951), into exactly `size` bytes.
Result<base::Bytes> inflate_raw(std::span<const std::byte> from, std::uint64_t size) {
  std::vector<std::byte> to(size + 1);  // one more than promised, so that a longer stream is noticed
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return internal_error("zlib could not be started");
  constexpr std::uint64_t kChunk = 1 << 30;  // zlib counts in 32 bits
  int status = Z_OK;
  std::uint64_t consumed = 0;
  std::uint64_t produced = 0;
  while (status == Z_OK) {
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(from.data() + consumed));
    stream.avail_in = static_cast<uInt>(std::min<std::uint64_t>(kChunk, from.size() - consumed));
    stream.next_out = reinterpret_cast<Bytef*>(to.data() + produced);
    stream.avail_out = static_cast<uInt>(std::min<std::uint64_t>(kChunk, to.size() - produced));
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    consumed += in_before - stream.avail_in;
    produced += out_before - stream.avail_out;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || produced != size || consumed != from.size()) {
    return damaged("its compressed data do not unpack to the size that the directory says");
  }
  to.resize(size);
  return base::Bytes::take(std::move(to));
}

Result<void> check_overlap(std::span<const ZipEntry> entries) {
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return entries[a].header_offset < entries[b].header_offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const ZipEntry& before = entries[order[i - 1]];
    if (before.data_offset + before.compressed_size > entries[order[i]].header_offset) {
      return damaged("the entries '" + printable(before.name) + "' and '" + printable(entries[order[i]].name) +
                     "' overlap");
    }
  }
  return {};
}

Result<void> check_growth(std::span<const ZipEntry> entries, std::uint64_t file_size) {
  const std::uint64_t most = std::min(file_size, ~std::uint64_t{0} / (2 * kMostGrowth)) * kMostGrowth + kGrowthAllowed;
  std::uint64_t total = 0;
  for (const ZipEntry& entry : entries) {
    if (!entry.deflated) continue;
    if (entry.size > most - total) {
      return bad_input("the zip archive would unpack to more than " + std::to_string(kMostGrowth) + " times its size",
                       "Weights do not shrink like that: do not trust this file");
    }
    total += entry.size;
  }
  return {};
}

}  // namespace

Result<ZipArchive> ZipArchive::open(base::Bytes file) {
  ZipArchive archive;
  MANTISSA_ASSIGN(archive.entries_, read_zip_directory(file.span()));
  archive.file_ = std::move(file);
  for (std::size_t i = 0; i < archive.entries_.size(); ++i) {
    if (!archive.by_name_.emplace(archive.entries_[i].name, i).second) {
      return damaged("the zip archive has two entries named '" + printable(archive.entries_[i].name) + "'");
    }
  }
  MANTISSA_TRY(check_overlap(archive.entries_));
  MANTISSA_TRY(check_growth(archive.entries_, archive.file_.size()));
  return archive;
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

Result<base::Bytes> ZipArchive::read(const ZipEntry& entry) const {
  const std::string place = "entry '" + printable(entry.name) + "'";
  base::Bytes bytes = file_.part(entry.data_offset, entry.compressed_size);
  if (entry.deflated) {
    MANTISSA_ASSIGN(bytes, inflate_raw(bytes.span(), entry.size).in(place));
  }
  if ((entry.deflated || file_.size() <= kCheckedUpTo) && crc_of(bytes.span()) != entry.crc) {
    return Result<base::Bytes>(damaged("its bytes are not those that were saved (CRC-32)")).in(place);
  }
  return bytes;
}

}  // namespace mantissa::format
