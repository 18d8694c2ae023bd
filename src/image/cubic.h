// The kernel and the edges of bicubic resampling.
#pragma once

#include <cmath>

namespace mantissa::image {

// Keys, "Cubic convolution interpolation for digital image processing" (1981), with a = -0.5.
inline double cubic(double x) {
  x = std::abs(x);
  if (x <= 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
  if (x < 2.0) return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
  return 0.0;
}

// The place in [0, size) that stands for one beyond the edge: mirrored with the edge sample repeated, as often as
// needed.
inline int mirrored(int position, int size) {
  const int period = 2 * size;
  const int wrapped = (position % period + period) % period;
  return wrapped < size ? wrapped : period - 1 - wrapped;
}

}  // namespace mantissa::image
