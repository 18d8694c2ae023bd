// Puts metadata on an image that libvips is going to write.
#pragma once

#include <vips/vips8>

#include "image/codec.h"
#include "image/vips/savers.h"

namespace mantissa::image {

// A colour profile for another number of channels, or one that the format refuses, is left out. Throws vips::VError.
void attach(const Metadata& metadata, int channels, const Saver& saver, vips::VImage& image);

}  // namespace mantissa::image
