// Writes zip archives as torch.save does: stored entries whose data begin at multiples of 64 bytes,
// so that they can be mapped.
//
// Nothing in the archive depends on the time, the machine or the path: equal entries give equal bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/files.h"

namespace mantissa::format {

class ZipWriter {
 public:
  // `file` must outlive the writer, and be empty.
  explicit ZipWriter(base::AtomicFile& file) : file_(file) {}

  // Reads `data` twice: the CRC stands in front of it.
  [[nodiscard]] Result<void> add(std::string_view name, std::span<const std::byte> data);
  // The directory; nothing can be added after it. The caller commits the file.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> put(std::string_view bytes);

  base::AtomicFile& file_;
  std::uint64_t at_ = 0;
  std::uint64_t entries_ = 0;
  std::string directory_;
};

}  // namespace mantissa::format
