#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/descriptor.h"
#include "base/mapped_file.h"
#include "base/system_error.h"

namespace mantissa::base {
namespace {

Error cannot_read(const std::filesystem::path& path, int error_number) {
  if (error_number == ENOENT) return bad_input("there is no file " + quoted(path));
  return system_error(ErrorCode::bad_input, "read", path, error_number);
}

struct OpenFile {
  Descriptor descriptor;
  struct stat status;
};

Result<OpenFile> open_regular_file(const std::filesystem::path& path) {
  // Without O_NONBLOCK opening a named pipe would wait for a writer, before we can see what it is.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return cannot_read(path, errno);
  if (S_ISDIR(status.st_mode)) return bad_input(quoted(path) + " is a folder, not a file");
  if (!S_ISREG(status.st_mode)) return bad_input(quoted(path) + " is not a regular file");
  return OpenFile{std::move(descriptor), status};
}

}  // namespace

Result<Bytes> map_file(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const OpenFile file, open_regular_file(path));
  const auto size = static_cast<std::size_t>(file.status.st_size);
  if (size == 0) return bad_input("the file " + quoted(path) + " is empty");
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor.get(), 0);
  if (start == MAP_FAILED) return cannot_read(path, errno);
  auto mapped = std::make_shared<MappedFile>();
  mapped->pages = {static_cast<const std::byte*>(start), size};
  mapped->path = path;
  mapped->device = file.status.st_dev;
  mapped->number = file.status.st_ino;
  // Others are told that all are: https://man7.org/linux/man-pages/man2/mincore.2.html
  mapped->tells_cache = ::geteuid() == 0 || ::geteuid() == file.status.st_uid;
  const MappedFile& all = *mapped;
  return Bytes(std::move(mapped), all.pages, &all);
}

Result<std::string> read_text(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const OpenFile file, open_regular_file(path));
  std::string text(static_cast<std::size_t>(file.status.st_size), '\0');
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
