// The directory of a zip archive: where its entries are, before anything is read from them.
#pragma once

#include <vector>

#include "format/zip_reader.h"

namespace mantissa::format {

// The entries in the order of the central directory, their local headers read and found to agree.
[[nodiscard]] Result<std::vector<ZipEntry>> read_zip_directory(std::span<const std::byte> file);

}  // namespace mantissa::format
