// Writes a picture file through libvips while its rows are being computed.
#pragma once

#include <filesystem>
#include <memory>

#include "image/codec.h"

namespace mantissa::image {

[[nodiscard]] Result<std::unique_ptr<PictureWriter>> create_with_vips(const std::filesystem::path& path,
                                                                      const PictureInfo& info,
                                                                      const WriteOptions& options);

}  // namespace mantissa::image
