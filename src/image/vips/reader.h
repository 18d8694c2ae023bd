// Reads rectangles of a picture file through libvips.
#pragma once

#include <filesystem>
#include <memory>

#include "image/codec.h"

namespace mantissa::image {

[[nodiscard]] Result<std::unique_ptr<PictureReader>> open_with_vips(const std::filesystem::path& path);

}  // namespace mantissa::image
