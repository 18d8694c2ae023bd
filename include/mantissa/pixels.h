// Pictures in the memory of a program of one's own.
#pragma once

#include <cstddef>

namespace mantissa {

enum class SampleType {
  uint8 = 1,    // 0 black, 255 white
  uint16 = 2,   // 0 black, 65535 white; the machine's byte order
  float32 = 3,  // 0 black, 1 white; results are neither clipped nor rounded
};

// How the samples of a picture lie in memory. Samples are as files have them (sRGB, no linear light).
struct PixelLayout {
  int width = 0;
  int height = 0;
  int channels = 3;  // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  SampleType type = SampleType::uint8;
  bool planar = false;              // false: RGBRGB...; true: all of R, then all of G, then all of B
  std::ptrdiff_t row_stride = 0;    // bytes from a row to the next; 0: rows are packed. May be negative
  std::ptrdiff_t plane_stride = 0;  // planar: bytes from a plane to the next; 0: planes are packed
};

// Somebody else's memory, whose first sample (top left, first channel) is at `data`. No alignment is needed.
struct Pixels : PixelLayout {
  const void* data = nullptr;
};
struct MutablePixels : PixelLayout {
  void* data = nullptr;
};

}  // namespace mantissa
