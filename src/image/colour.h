// Colour spaces that restoration networks were trained in.
#pragma once

#include <array>
#include <cstddef>

#include "image/picture.h"

namespace mantissa::image {

// Full-range BT.601 YCbCr as in JPEG (ITU-T T.871): Y, Cb, Cr in 0..1, chroma centred on 128/255. In and out: 3
// channels.
[[nodiscard]] Picture rgb_to_ycbcr(const Picture& rgb);
[[nodiscard]] Picture ycbcr_to_rgb(const Picture& ycbcr);
// The luminance Y of the above: one channel.
[[nodiscard]] Picture rgb_to_luminance(const Picture& rgb);
// The same for `count` samples of each channel, on this thread. What is written overlaps nothing else.
void rgb_to_ycbcr(const std::array<const float*, 3>& rgb, const std::array<float*, 3>& ycbcr, std::size_t count);
void ycbcr_to_rgb(const std::array<const float*, 3>& ycbcr, const std::array<float*, 3>& rgb, std::size_t count);
// One channel becomes three equal ones.
[[nodiscard]] Picture grey_to_rgb(const Picture& grey);

}  // namespace mantissa::image
