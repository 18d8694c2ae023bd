// Reads zip archives in place: torch.save puts tensors into stored entries, and those must be mapped, not copied.
//
// libzip does not tell where an entry's data begins, so this reads the central directory itself (PKWARE APPNOTE
// 6.3.10), with zlib to inflate. Every number of the archive is checked before it is used.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "mantissa/result.h"

namespace mantissa::format {

struct ZipEntry {
  std::string name;  // ends with '/' for a folder
  bool deflated = false;
  std::uint32_t crc = 0;
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t header_offset = 0;
  std::uint64_t data_offset = 0;
};

class ZipArchive {
 public:
  // Errors (bad_input): damaged, sizes that lie, duplicate names, entries that overlap, deflated entries that would
  // grow beyond reason. (unsupported): encrypted, split, a compression other than deflate.
  [[nodiscard]] static Result<ZipArchive> open(base::Bytes file);

  [[nodiscard]] std::span<const ZipEntry> entries() const { return entries_; }
  // nullptr when there is none.
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;

  // A stored entry is a part of the file, a deflated one a new buffer. The CRC is checked, except that of a stored
  // entry in an archive over 1 GiB: it would read gigabytes of weights that may not be needed.
  // Errors (bad_input): damaged.
  [[nodiscard]] Result<base::Bytes> read(const ZipEntry& entry) const;

 private:
  base::Bytes file_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace mantissa::format
