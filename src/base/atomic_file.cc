#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <random>

#include "base/descriptor.h"
#include "base/files.h"
#include "base/system_error.h"
#include "base/unfinished.h"

namespace mantissa::base {
namespace fs = std::filesystem;
namespace {

Error cannot_create(const fs::path& path, int error_number) {
  std::error_code ignored;
  if (error_number == ENOENT && !fs::exists(path.parent_path(), ignored)) {
    return bad_input("there is no folder " + quoted(path.parent_path()) + " to write " + quoted(path) + " into",
                     "Create it first");
  }
  return system_error(ErrorCode::bad_input, "create", path, error_number);
}

Error cannot_write(const fs::path& path, int error_number) {
  return system_error(ErrorCode::bad_input, "write", path, error_number);
}

std::string random_suffix() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  std::uniform_int_distribution<std::size_t> any(0, letters.size() - 1);
  std::string suffix(6, '\0');
  for (char& letter : suffix) letter = letters[any(device)];
  return suffix;
}

// A hidden neighbour of `path`: renaming works only within a file system.
fs::path temporary_name(const fs::path& path) {
  constexpr std::size_t longest = 200;  // of the 255 bytes that file systems allow for a name
  return path.parent_path() / ("." + path.filename().string().substr(0, longest) + ".mantissa-" + random_suffix());
}

// Calls `create` with new temporary names until one is not taken. It returns whether it succeeded, with errno.
Result<fs::path> create_temporary(const fs::path& path, const std::function<bool(const fs::path&)>& create) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    fs::path temporary = temporary_name(path);
    if (create(temporary)) return temporary;
    if (errno != EEXIST) break;
  }
  return cannot_create(path, errno);
}

// Renaming would put a file in the place of a symbolic link, where users mean what it points to.
fs::path without_links(const fs::path& path) {
  std::error_code ignored;
  fs::path target = fs::is_symlink(path, ignored) ? fs::canonical(path, ignored) : path;
  return target.empty() ? path : target;
}

// Both fail when `to` exists; 0 on success.
int rename_without_replacing(const fs::path& from, const fs::path& to) {
#if defined(RENAME_NOREPLACE)
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  // Not every file system can.
  if (errno != EINVAL && errno != ENOSYS) return -1;
#elif defined(RENAME_EXCL)
  if (::renamex_np(from.c_str(), to.c_str(), RENAME_EXCL) == 0) return 0;
  if (errno != ENOTSUP) return -1;
#endif
  struct stat status {};
  if (::lstat(to.c_str(), &status) == 0) return errno = EEXIST, -1;
  return std::rename(from.c_str(), to.c_str());
}

Error exists_already(const fs::path& path) {
  return bad_input(quoted(path) + " exists already", "Remove it first, or choose another name");
}

}  // namespace

struct AtomicFile::State {
  fs::path path;
  fs::path temporary;
  Descriptor descriptor;
  std::optional<Unfinished> unfinished;
  bool committed = false;

  State(fs::path final_path, fs::path temporary_path, Descriptor opened)
      : path(std::move(final_path)),
        temporary(std::move(temporary_path)),
        descriptor(std::move(opened)),
        unfinished(temporary) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!committed) ::unlink(temporary.c_str());
  }
};

AtomicFile::AtomicFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;
AtomicFile& AtomicFile::operator=(AtomicFile&&) noexcept = default;
AtomicFile::~AtomicFile() = default;

Result<AtomicFile> AtomicFile::create(const fs::path& path) {
  const fs::path target = without_links(path);
  if (!target.has_filename()) return bad_input(quoted(path) + " does not name a file");

  struct stat existing {};
  const bool exists = ::stat(target.c_str(), &existing) == 0;
  // Above all for devices: renaming onto /dev/null would put a file there.
  if (exists && !S_ISREG(existing.st_mode)) {
    return bad_input(quoted(path) + " exists and is not a regular file", "Choose another name");
  }
  Descriptor descriptor;
  MANTISSA_ASSIGN(fs::path temporary, create_temporary(target, [&](const fs::path& name) {
                    descriptor = Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
                    return static_cast<bool>(descriptor);
                  }));
  auto state = std::make_unique<State>(target, std::move(temporary), std::move(descriptor));
  // A file that was private stays private. Where that fails (foreign file systems) permissions mean little.
  if (exists) static_cast<void>(::fchmod(state->descriptor.get(), existing.st_mode & 0777));
  return AtomicFile(std::move(state));
}

Result<void> AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(state_->descriptor.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_write(state_->path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> AtomicFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(state_->descriptor.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_write(state_->path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

// Failures show when the file is closed, and cost no more than memory.
void AtomicFile::begin_flush([[maybe_unused]] std::uint64_t offset, [[maybe_unused]] std::uint64_t size) {
#if defined(__linux__)
  ::sync_file_range(state_->descriptor.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                    SYNC_FILE_RANGE_WRITE);
#endif
}

void AtomicFile::finish_flush([[maybe_unused]] std::uint64_t offset, [[maybe_unused]] std::uint64_t size) {
#if defined(__linux__)
  const auto start = static_cast<off_t>(offset);
  const auto length = static_cast<off_t>(size);
  ::sync_file_range(state_->descriptor.get(), start, length,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
  ::posix_fadvise(state_->descriptor.get(), start, length, POSIX_FADV_DONTNEED);
#endif
}

Result<void> AtomicFile::write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

const fs::path& AtomicFile::temporary_path() const { return state_->temporary; }

Result<void> AtomicFile::commit() {
  if (state_->committed || !state_->descriptor) return internal_error("a file was finished twice");
  if (!state_->descriptor.close()) return cannot_write(state_->path, errno);
  if (std::rename(state_->temporary.c_str(), state_->path.c_str()) != 0) return cannot_write(state_->path, errno);
  state_->committed = true;
  state_->unfinished.reset();
  return {};
}

struct AtomicFolder::State {
  fs::path path;
  fs::path temporary;
  std::optional<Unfinished> unfinished;
  bool committed = false;

  State(fs::path final_path, fs::path temporary_path)
      : path(std::move(final_path)), temporary(std::move(temporary_path)), unfinished(temporary) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    std::error_code ignored;
    if (!committed) fs::remove_all(temporary, ignored);
  }
};

AtomicFolder::AtomicFolder(std::unique_ptr<State> state) : state_(std::move(state)) {}
AtomicFolder::AtomicFolder(AtomicFolder&&) noexcept = default;
AtomicFolder& AtomicFolder::operator=(AtomicFolder&&) noexcept = default;
AtomicFolder::~AtomicFolder() = default;

Result<AtomicFolder> AtomicFolder::create(const fs::path& path) {
  // "release/" is "release".
  const fs::path target = path.has_filename() ? path : path.parent_path();
  struct stat existing {};
  if (::lstat(target.c_str(), &existing) == 0) return exists_already(target);
  if (!target.has_filename()) return bad_input(quoted(path) + " does not name a folder");
  MANTISSA_ASSIGN(fs::path temporary,
                  create_temporary(target, [](const fs::path& name) { return ::mkdir(name.c_str(), 0777) == 0; }));
  return AtomicFolder(std::make_unique<State>(target, std::move(temporary)));
}

const fs::path& AtomicFolder::temporary_path() const { return state_->temporary; }

Error AtomicFolder::under_its_name(Error error) const {
  const std::string& from = state_->temporary.native();
  const auto rename = [&](std::string& text) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += state_->path.native().size())
      text.replace(at, from.size(), state_->path.native());
  };
  rename(error.what);
  for (std::string& place : error.where) rename(place);
  return error;
}

Result<void> AtomicFolder::commit() {
  if (state_->committed) return internal_error("a folder was finished twice");
  if (rename_without_replacing(state_->temporary, state_->path) != 0) {
    return errno == EEXIST ? exists_already(state_->path) : cannot_write(state_->path, errno);
  }
  state_->committed = true;
  state_->unfinished.reset();
  return {};
}

}  // namespace mantissa::base
