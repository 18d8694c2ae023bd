// Colour spaces that restoration networks were trained in.
#pragma once

#include "image/picture.h"

namespace mantissa::image {

// Full-range BT.601 YCbCr as in JPEG (ITU-T T.871): Y, Cb, Cr in 0..1, chroma centred on 128/255. In and out: 3 channels.
[[nodiscard]] Picture rgb_to_ycbcr(const Picture& rgb);
[[nodiscard]] Picture ycbcr_to_rgb(const Picture& ycbcr);
// The luminance Y of the above: one channel.
[[nodiscard]] Picture rgb_to_luminance(const Picture& rgb);
// One channel becomes three equal ones.
[[nodiscard]] Picture grey_to_rgb(const Picture& grey);

}  // namespace mantissa::image
