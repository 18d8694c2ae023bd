// Files: mapped for reading, and written aside and renamed so that a reader never sees half of one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "mantissa/result.h"

namespace mantissa::base {

// Messages name the path in their sentence. Whatever is wrong with a place to read or write is bad_input;
// a full disk too.

// Maps a regular file read-only; its pages are read when touched. Errors (bad_input): missing, a folder, unreadable,
// empty. Who shortens the file while it is mapped makes the process fail with SIGBUS, unless it is read with PartReader
// (mapped_file.h), which is also faster for what is large.
[[nodiscard]] Result<Bytes> map_file(const std::filesystem::path& path);

// A file that appears under its name only with commit(): until then it is a hidden neighbour, removed by the
// destructor. Every write is checked, so a full disk is an Error and leaves nothing behind. An existing regular file is
// replaced and keeps its permissions; nothing else is. Beyond a limit on file sizes (ulimit -f) writes fail only where
// SIGXFSZ is ignored (interrupt.h).
class AtomicFile {
 public:
  [[nodiscard]] static Result<AtomicFile> create(const std::filesystem::path& path);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> write(std::string_view text);
  // Anywhere in the file, which grows as needed; leaves the place of write() alone.
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  // For files larger than memory, where the system can: begins to bring written bytes to the disk; waits until they are
  // there, and takes them out of the system's cache.
  void begin_flush(std::uint64_t offset, std::uint64_t size);
  void finish_flush(std::uint64_t offset, std::uint64_t size);
  // Where to write by name for a library that insists on opening the file itself.
  [[nodiscard]] const std::filesystem::path& temporary_path() const;
  [[nodiscard]] Result<void> commit();

 private:
  struct State;
  explicit AtomicFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A folder that appears under its name, with everything in it, only with commit(). Fails if the name exists already.
class AtomicFolder {
 public:
  [[nodiscard]] static Result<AtomicFolder> create(const std::filesystem::path& path);
  AtomicFolder(AtomicFolder&&) noexcept;
  AtomicFolder& operator=(AtomicFolder&&) noexcept;
  ~AtomicFolder();

  [[nodiscard]] const std::filesystem::path& temporary_path() const;
  // What went wrong inside it, told with the name that the user gave instead of the temporary one.
  [[nodiscard]] Error under_its_name(Error error) const;
  [[nodiscard]] Result<void> commit();

 private:
  struct State;
  explicit AtomicFolder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The whole of a regular file, which may be empty.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path);
[[nodiscard]] Result<void> write_text(const std::filesystem::path& path, std::string_view text);

// Removes what unfinished AtomicFile and AtomicFolder objects have on disk. Only async-signal-safe calls: for signal
// handlers that end the process. On systems other than Linux a folder that has something in it stays behind.
void remove_unfinished_files() noexcept;

// SHA-256 (FIPS 180-4) in lower-case hexadecimal.
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);
// Errors as for map_file().
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace mantissa::base
