// Mapped files, read into memory instead of touched where they are mapped: for what is large and needed once.
//
// A disk brings the bytes straight to where they are wanted (O_DIRECT), a GiB for 0.02 s of processor time; through the
// system's cache and a mapping that is 0.3 to 0.5 s, of cores that have better to do. And a file that somebody shortens
// meanwhile is an Error, where touching its pages would be SIGBUS.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "mantissa/result.h"

namespace mantissa::base {

// What Bytes of map_file() lie in. No descriptor: a network may have more files than a process may open.
struct MappedFile {
  std::filesystem::path path;
  dev_t device;
  ino_t number;      // of the file on its device
  bool tells_cache;  // whether the system says to us which of its pages are in memory
  std::span<const std::byte> pages;

  MappedFile() = default;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
};

class PartReader {
 public:
  // Asked every 8 MB; true makes read() return an Error (interrupted).
  explicit PartReader(std::function<bool()> stop) : stop_(std::move(stop)) {}

  // Where bytes can be read to directly: aligned, of so many bytes.
  static constexpr std::size_t kAlignment = 4096;  // what any disk and file system in use is content with
  [[nodiscard]] static std::size_t room_for(const Rows& rows);
  // The rows one behind the other, somewhere in `room`. Plainly, through the system's cache, where that has them
  // already, where rows have gaps between them, and where the file system knows no other way.
  // Errors (bad_input): the file was shortened or replaced since it was mapped, the disk fails.
  [[nodiscard]] Result<std::span<std::byte>> read(const Rows& rows, std::span<std::byte> room);

 private:
  [[nodiscard]] Result<void> open(const Bytes& bytes);
  [[nodiscard]] Result<void> fill(std::uint64_t offset, std::span<std::byte> to, std::size_t needed, bool direct);
  [[nodiscard]] Result<void> fill_rows(const Rows& rows, std::uint64_t offset, std::span<std::byte> to);

  std::function<bool()> stop_;
  Bytes opened_;  // lies in the file that is open
  Descriptor plain_;
  Descriptor direct_;
};

}  // namespace mantissa::base
