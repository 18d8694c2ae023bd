// Puts metadata on an image that libvips is going to write.
#pragma once

#include <vips/vips8>

#include "image/codec.h"

namespace mantissa::image {

// A colour profile for another number of channels is left out. Throws vips::VError.
void attach(const Metadata& metadata, int channels, vips::VImage& image);

}  // namespace mantissa::image
