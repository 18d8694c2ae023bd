// Bicubic resampling as restoration papers use it.
#pragma once

#include "image/picture.h"

namespace mantissa::image {

// Keys' cubic kernel with a = -0.5; when reducing, the kernel is widened by the factor (antialiased) and the edge is
// mirrored: the result of MATLAB's imresize(picture, [height width], 'bicubic') in floating point. imresize of 8-bit
// pictures rounds after the rows too, so that about a tenth of its samples differ by one level; releases before the
// mirrored edge repeated the edge sample, and one of those made the LR pictures of Set5: their outermost pixels differ
// by up to 6 levels.
[[nodiscard]] Picture resize_bicubic(const Picture& picture, int width, int height);

}  // namespace mantissa::image
