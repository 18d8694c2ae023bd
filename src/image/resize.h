// Bicubic resampling as restoration papers use it.
#pragma once

#include "image/picture.h"

namespace mantissa::image {

// Keys' cubic kernel with a = -0.5; when reducing, the kernel is widened by the factor (antialiased) and the edge is mirrored: the result
// of MATLAB's imresize(picture, [height width], 'bicubic') before rounding, which made the LR pictures of Set5 and Urban100.
[[nodiscard]] Picture resize_bicubic(const Picture& picture, int width, int height);

}  // namespace mantissa::image
