#include "format/zip_directory.h"

#include <algorithm>

#include "format/checkpoint/little_endian.h"

namespace mantissa::format {
namespace {

using File = std::span<const std::byte>;

// Signatures and sizes of the records, PKWARE APPNOTE 6.3.10, sections 4.3.7 to 4.3.16.
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kZip64End = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kCentralSize = 46;
constexpr std::size_t kZip64EndSize = 56;
constexpr std::size_t kZip64LocatorSize = 20;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kLongestComment = 0xFFFF;

constexpr std::uint64_t kMostEntries = 1'000'000;  // torch.save writes one a tensor

constexpr std::uint16_t kEncrypted = 0x0001;    // general purpose bits, section 4.4.4
constexpr std::uint16_t kSizesFollow = 0x0008;  // sizes and CRC of the local header are in a descriptor behind the data
constexpr std::uint16_t kZip64Extra = 0x0001;   // extra field, section 4.5.3
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;     // the number stands in the zip64 record instead

constexpr std::string_view kAgain = "Download or save the file again";

Error damaged(std::string what) { return bad_input(std::move(what), std::string(kAgain)); }

// A number whose bytes are known to exist.
template <class T>
T number(File bytes, std::size_t offset) {
  return load_little_endian<T>(bytes, offset).value_or(T{0});
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
};

// The end record is the last thing in the file but for a comment, whose length must fit.
Result<std::size_t> find_end(File file) {
  if (file.size() >= kEndSize) {
    const std::size_t last = file.size() - kEndSize;
    const std::size_t first = last - std::min(last, kLongestComment);
    for (std::size_t at = last + 1; at-- > first;) {
      if (number<std::uint32_t>(file, at) == kEnd &&
          number<std::uint16_t>(file, at + 20) == file.size() - at - kEndSize)
        return at;
    }
  }
  return damaged("the zip archive has no directory at its end: the file is cut off or was appended to");
}

Result<Directory> find_directory(File file) {
  MANTISSA_ASSIGN(const std::size_t end, find_end(file));
  if (number<std::uint16_t>(file, end + 4) != 0 || number<std::uint16_t>(file, end + 6) != 0) {
    return unsupported("the zip archive is split over several files", "Join its parts into one archive");
  }
  Directory directory{number<std::uint32_t>(file, end + 16), number<std::uint32_t>(file, end + 12),
                      number<std::uint16_t>(file, end + 10)};
  const bool needs64 = directory.offset == kIn64 || directory.size == kIn64 || directory.entries == 0xFFFF;
  std::uint64_t limit = end;  // where the directory must have ended
  if (end >= kZip64LocatorSize && number<std::uint32_t>(file, end - kZip64LocatorSize) == kZip64Locator) {
    const auto at = number<std::uint64_t>(file, end - kZip64LocatorSize + 8);
    if (at > end - kZip64LocatorSize || end - kZip64LocatorSize - at < kZip64EndSize ||
        number<std::uint32_t>(file, at) != kZip64End) {
      return damaged("the zip archive points to a zip64 directory that is not there");
    }
    const Directory wide{number<std::uint64_t>(file, at + 48), number<std::uint64_t>(file, at + 40),
                         number<std::uint64_t>(file, at + 32)};
    if ((directory.offset != kIn64 && directory.offset != wide.offset) ||
        (directory.size != kIn64 && directory.size != wide.size) ||
        (directory.entries != 0xFFFF && directory.entries != wide.entries)) {
      return damaged("the two directories of the zip archive contradict each other");
    }
    directory = wide;
    limit = at;
  } else if (needs64 && directory.entries != 0xFFFF) {
    return damaged("the zip archive lacks its zip64 directory");
  }
  if (directory.size > limit || directory.offset != limit - directory.size) {
    return damaged("the directory of the zip archive is not where its end says");
  }
  if (directory.entries > std::min<std::uint64_t>(directory.size / kCentralSize, kMostEntries))
    return damaged("the zip archive claims more entries than it has");
  return directory;
}

// Takes from the zip64 extra field those numbers that are kIn64, in their fixed order.
Result<void> widen(File extra, std::initializer_list<std::uint64_t*> numbers) {
  if (std::none_of(numbers.begin(), numbers.end(), [](const std::uint64_t* n) { return *n == kIn64; })) return {};
  while (extra.size() >= 4) {
    const auto id = number<std::uint16_t>(extra, 0);
    const std::size_t size = number<std::uint16_t>(extra, 2);
    if (size > extra.size() - 4) break;
    if (id == kZip64Extra) {
      std::size_t at = 0;
      for (std::uint64_t* n : numbers) {
        if (*n != kIn64) continue;
        if (size - at < 8) return damaged("its zip64 sizes are cut off");
        *n = number<std::uint64_t>(extra, 4 + at);
        at += 8;
      }
      return {};
    }
    extra = extra.subspan(4 + size);
  }
  return damaged("its zip64 sizes are missing");
}

// Compares the local header with the directory's, and finds where the data begin.
Result<void> read_local_header(File file, std::uint64_t directory_offset, ZipEntry& entry) {
  const std::uint64_t at = entry.header_offset;
  if (at > directory_offset || directory_offset - at < kLocalSize || number<std::uint32_t>(file, at) != kLocalHeader) {
    return damaged("its header is not where the directory says");
  }
  const std::uint64_t name_size = number<std::uint16_t>(file, at + 26);
  const std::uint64_t extra_size = number<std::uint16_t>(file, at + 28);
  if (directory_offset - at - kLocalSize < name_size + extra_size)
    return damaged("its header reaches into the directory");
  entry.data_offset = at + kLocalSize + name_size + extra_size;
  if (directory_offset - entry.data_offset < entry.compressed_size) return damaged("its data reach beyond the archive");
  if (as_text(file.subspan(at + kLocalSize, name_size)) != entry.name ||
      number<std::uint16_t>(file, at + 8) != (entry.deflated ? 8 : 0)) {
    return damaged("its header contradicts the directory");
  }
  if ((number<std::uint16_t>(file, at + 6) & kSizesFollow) == 0) {
    std::uint64_t size = number<std::uint32_t>(file, at + 22);
    std::uint64_t compressed = number<std::uint32_t>(file, at + 18);
    MANTISSA_TRY(widen(file.subspan(at + kLocalSize + name_size, extra_size), {&size, &compressed}));
    if (size != entry.size || compressed != entry.compressed_size)
      return damaged("its header and the directory differ in its size");
  }
  return {};
}

// The entry at the start of `record`; sets the size of its directory record.
Result<ZipEntry> read_entry(File file, const Directory& directory, File record, std::size_t& record_size) {
  if (record.size() < kCentralSize || number<std::uint32_t>(record, 0) != kCentralHeader) {
    return damaged("the directory of the zip archive is damaged");
  }
  const std::size_t name_size = number<std::uint16_t>(record, 28);
  const std::size_t extra_size = number<std::uint16_t>(record, 30);
  record_size = kCentralSize + name_size + extra_size + number<std::uint16_t>(record, 32);
  if (record_size > record.size()) return damaged("the directory of the zip archive is cut off");
  ZipEntry entry;
  entry.name = as_text(record.subspan(kCentralSize, name_size));
  const std::string place = "entry '" + printable(entry.name) + "'";
  const auto method = number<std::uint16_t>(record, 10);
  if ((number<std::uint16_t>(record, 8) & kEncrypted) != 0) {
    return Result<ZipEntry>(unsupported("it is encrypted", "Decrypt the archive first")).in(place);
  }
  if (method != 0 && method != 8) {
    return Result<ZipEntry>(unsupported("its compression method " + std::to_string(method) + " is not known here",
                                        "Pack the archive again without compression"))
        .in(place);
  }
  entry.deflated = method == 8;
  entry.crc = number<std::uint32_t>(record, 16);
  entry.compressed_size = number<std::uint32_t>(record, 20);
  entry.size = number<std::uint32_t>(record, 24);
  entry.header_offset = number<std::uint32_t>(record, 42);
  MANTISSA_TRY(widen(record.subspan(kCentralSize + name_size, extra_size),
                     {&entry.size, &entry.compressed_size, &entry.header_offset})
                   .in(place));
  if (!entry.deflated && entry.size != entry.compressed_size) {
    return Result<ZipEntry>(damaged("it is stored, but its two sizes differ")).in(place);
  }
  MANTISSA_TRY(read_local_header(file, directory.offset, entry).in(place));
  return entry;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(File file) {
  MANTISSA_ASSIGN(const Directory directory, find_directory(file));
  File records = file.subspan(directory.offset, directory.size);
  std::vector<ZipEntry> entries;
  entries.reserve(directory.entries);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    std::size_t record_size = 0;
    MANTISSA_ASSIGN(ZipEntry entry, read_entry(file, directory, records, record_size));
    entries.push_back(std::move(entry));
    records = records.subspan(record_size);
  }
  if (!records.empty()) return damaged("the directory of the zip archive has more than its entries");
  return entries;
}

}  // namespace mantissa::format
