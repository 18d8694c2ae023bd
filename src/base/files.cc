#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/descriptor.h"
#include "base/system_error.h"

namespace mantissa::base {
namespace {

Error cannot_read(const std::filesystem::path& path, int error_number) {
  if (error_number == ENOENT) return bad_input("there is no file " + quoted(path));
  return system_error(ErrorCode::bad_input, "read", path, error_number);
}

struct OpenFile {
  Descriptor descriptor;
  std::size_t size;
};

Result<OpenFile> open_regular_file(const std::filesystem::path& path) {
  // Without O_NONBLOCK opening a named pipe would wait for a writer, before we can see what it is.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return cannot_read(path, errno);
  if (S_ISDIR(status.st_mode)) return bad_input(quoted(path) + " is a folder, not a file");
  if (!S_ISREG(status.st_mode)) return bad_input(quoted(path) + " is not a regular file");
  return OpenFile{std::move(descriptor), static_cast<std::size_t>(status.st_size)};
}

struct Pages {
  void* start;
  std::size_t size;
};

std::uintptr_t page_size() {
  static const auto size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

Pages pages_between(std::uintptr_t begin, std::uintptr_t end) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address rounded to a page
  return {reinterpret_cast<void*>(begin), end > begin ? end - begin : 0};
}

Pages pages_around(const Bytes& bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  return pages_between(begin / page_size() * page_size(), begin + bytes.size());
}

Pages pages_within(const Bytes& bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  return pages_between((begin + page_size() - 1) / page_size() * page_size(),
                       (begin + bytes.size()) / page_size() * page_size());
}

}  // namespace

Result<Bytes> map_file(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const OpenFile file, open_regular_file(path));
  const std::size_t size = file.size;
  if (size == 0) return bad_input("the file " + quoted(path) + " is empty");
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor.get(), 0);
  if (start == MAP_FAILED) return cannot_read(path, errno);
  std::shared_ptr<const void> owner(start, [size](void* mapped) { ::munmap(mapped, size); });
  return Bytes(std::move(owner), {static_cast<const std::byte*>(start), size}, true);
}

void ask_for_pages(const Bytes& bytes) {
  if (!bytes.is_mapped() || bytes.empty()) return;
  const Pages pages = pages_around(bytes);
  ::madvise(pages.start, pages.size, MADV_WILLNEED);
}

void read_pages(const Bytes& bytes) {
  if (!bytes.is_mapped() || bytes.empty()) return;
#if defined(MADV_POPULATE_READ)
  const Pages pages = pages_around(bytes);
  ::madvise(pages.start, pages.size, MADV_POPULATE_READ);  // Linux 5.14; else they come when they are touched
#endif
}

void drop_pages(const Bytes& bytes) {
  if (!bytes.is_mapped()) return;
  const Pages pages = pages_within(bytes);
  if (pages.size > 0) ::madvise(pages.start, pages.size, MADV_DONTNEED);
}

Result<std::string> read_text(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const OpenFile file, open_regular_file(path));
  std::string text(file.size, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count = ::read(file.descriptor.get(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path, errno);
    if (count == 0) break;  // somebody has shortened it since
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  MANTISSA_ASSIGN(AtomicFile file, AtomicFile::create(path));
  MANTISSA_TRY(file.write(text));
  return file.commit();
}

}  // namespace mantissa::base
