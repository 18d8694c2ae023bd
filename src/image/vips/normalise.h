// From whatever a file holds to what the rest of the program knows: grey or RGB, perhaps with alpha, in one of three
// number formats.
#pragma once

#include <vips/vips8>

#include "image/codec.h"

namespace mantissa::image {

struct Normalised {
  vips::VImage image;  // 1 to 4 bands of unsigned 8-bit, unsigned 16-bit or float samples
  PictureInfo info;
};

// Errors (unsupported): complex or signed samples, more than 4 channels. Nothing is decoded yet.
[[nodiscard]] Result<Normalised> normalise(vips::VImage image);

}  // namespace mantissa::image
