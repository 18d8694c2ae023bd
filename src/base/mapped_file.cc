#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/system_error.h"

namespace mantissa::base {
namespace {

// Large enough that the disk is hardly ever idle between two; nobody waits long for the end of one.
constexpr std::size_t kPiece = std::size_t{8} << 20U;
// Asked for before strided rows reach it.
constexpr std::size_t kAhead = std::size_t{16} << 20U;

constexpr std::uint64_t kPages = PartReader::kAlignment;
constexpr std::uint64_t rounded_down(std::uint64_t offset) { return offset / kPages * kPages; }
constexpr std::uint64_t rounded_up(std::uint64_t offset) { return rounded_down(offset + kPages - 1); }

std::uint64_t offset_of(const Bytes& bytes) {
  return static_cast<std::uint64_t>(bytes.data() - bytes.file()->pages.data());
}

Error changed(const MappedFile& file, const std::string& how) {
  return bad_input("the file " + quoted(file.path) + " was " + how + " while it was read",
                   "Try again when nothing else writes to it");
}

// The file that was mapped, opened once more.
Descriptor open_again(const MappedFile& file, int flags) {
  Descriptor descriptor(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  struct stat status {};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return Descriptor();
  return status.st_dev == file.device && status.st_ino == file.number ? std::move(descriptor) : Descriptor();
}

// Whether the system has these pages in memory, from a few of them: to ask for all takes as long as to read them.
bool is_cached(const MappedFile& file, std::uint64_t offset, std::size_t size) {
  constexpr std::size_t kAsked = 8;
  if (!file.tells_cache) return false;
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t end = std::min<std::uint64_t>(offset + size, file.pages.size());
  for (std::uint64_t at = offset / page * page; at < end; at += std::max(page, size / kAsked / page * page)) {
    unsigned char resident = 0;
    auto* start = const_cast<std::byte*>(file.pages.data() + at);
    if (::mincore(start, 1, &resident) != 0 || (resident & 1U) == 0) return false;
  }
  return true;
}

}  // namespace

MappedFile::~MappedFile() {
  if (!pages.empty()) ::munmap(const_cast<std::byte*>(pages.data()), pages.size());
}

std::size_t PartReader::room_for(const Rows& rows) {
  if (!rows.contiguous()) return rows.size();
  const std::uint64_t begin = offset_of(rows.bytes);
  return rounded_up(begin + rows.size()) - rounded_down(begin);
}

Result<std::span<std::byte>> PartReader::read(const Rows& rows, std::span<std::byte> room) {
  MANTISSA_TRY(open(rows.bytes));
  const std::uint64_t offset = offset_of(rows.bytes);
  if (!rows.contiguous()) {
    MANTISSA_TRY(fill_rows(rows, offset, room.first(rows.size())));
    return room.first(rows.size());
  }
  // Whole pages around them.
  const std::uint64_t begin = rounded_down(offset);
  const std::uint64_t end = offset + rows.size();
  for (std::uint64_t at = begin; at < end; at += kPiece) {
    const std::uint64_t needed = std::min<std::uint64_t>(kPiece, end - at);
    const bool direct = !is_cached(*rows.bytes.file(), at, needed);
    MANTISSA_TRY(fill(at, room.subspan(at - begin, rounded_up(needed)), needed, direct));
  }
  return room.subspan(offset - begin, rows.size());
}

Result<void> PartReader::open(const Bytes& bytes) {
  if (opened_.file() == bytes.file()) return {};
  const MappedFile& file = *bytes.file();
  plain_ = open_again(file, 0);
  if (!plain_) return changed(file, "removed, replaced or locked away");
#if defined(O_DIRECT)
  direct_ = open_again(file, O_DIRECT);
#endif
  opened_ = bytes;
  return {};
}

// Up to the size of `to`; `needed` bytes at least.
Result<void> PartReader::fill(std::uint64_t offset, std::span<std::byte> to, std::size_t needed, bool direct) {
  if (stop_()) return Error{ErrorCode::interrupted, "stopped on request", {}, {}};
  const MappedFile& file = *opened_.file();
  for (std::size_t filled = 0; filled < needed;) {
    const std::span<std::byte> rest = to.subspan(filled);
    direct = direct && direct_ && filled % kAlignment == 0;
    const int descriptor = (direct ? direct_ : plain_).get();
    const ssize_t count = ::pread(descriptor, rest.data(), rest.size(), static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EINVAL && direct) {  // a file system that wants another alignment, or none of this
      direct_ = Descriptor();
      continue;
    }
    if (count < 0) return system_error(ErrorCode::bad_input, "read", file.path, errno);
    if (count == 0) return changed(file, "shortened");
    filled += static_cast<std::size_t>(count);
  }
  return {};
}

Result<void> PartReader::fill_rows(const Rows& rows, std::uint64_t offset, std::span<std::byte> to) {
  const std::uint64_t end = offset + rows.bytes.size();
  for (std::uint64_t asked = offset; !to.empty(); to = to.subspan(rows.row), offset += rows.stride) {
#if defined(POSIX_FADV_WILLNEED)
    for (; asked < std::min(end, offset + kAhead); asked += kPiece)
      ::posix_fadvise(plain_.get(), static_cast<off_t>(asked), kPiece, POSIX_FADV_WILLNEED);
#endif
    MANTISSA_TRY(fill(offset, to.first(rows.row), rows.row, false));
  }
  return {};
}

}  // namespace mantissa::base
