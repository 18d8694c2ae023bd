#include "image/colour.h"

#include <algorithm>
#include <cassert>

#include "base/for_each_processor.h"
#include "base/threads.h"

namespace mantissa::image {
namespace {

// ITU-T T.871 (JFIF), clause 7: the luminance weights; every other coefficient follows from them.
constexpr float kRed = 0.299F;
constexpr float kGreen = 0.587F;
constexpr float kBlue = 0.114F;
constexpr float kCbScale = 2.0F * (1.0F - kBlue);  // 1.772
constexpr float kCrScale = 2.0F * (1.0F - kRed);   // 1.402
// T.871 puts zero chroma on level 128 of 255.
constexpr float kCentre = 128.0F / 255.0F;

constexpr std::size_t kLeastPixels = 1 << 14;  // worth another thread

MANTISSA_FOR_EACH_PROCESSOR void to_luminance(const float* red, const float* green, const float* blue,
                                              float* __restrict y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = kRed * red[i] + kGreen * green[i] + kBlue * blue[i];
}

MANTISSA_FOR_EACH_PROCESSOR void to_ycbcr(const float* red, const float* green, const float* blue, float* __restrict y,
                                          float* __restrict cb, float* __restrict cr, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float luminance = kRed * red[i] + kGreen * green[i] + kBlue * blue[i];
    y[i] = luminance;
    cb[i] = (blue[i] - luminance) * (1.0F / kCbScale) + kCentre;
    cr[i] = (red[i] - luminance) * (1.0F / kCrScale) + kCentre;
  }
}

MANTISSA_FOR_EACH_PROCESSOR void to_rgb(const float* y, const float* cb, const float* cr, float* __restrict red,
                                        float* __restrict green, float* __restrict blue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float from_blue = cb[i] - kCentre, from_red = cr[i] - kCentre;
    red[i] = y[i] + kCrScale * from_red;
    green[i] = y[i] - kBlue * kCbScale / kGreen * from_blue - kRed * kCrScale / kGreen * from_red;
    blue[i] = y[i] + kCbScale * from_blue;
  }
}

using Input = std::array<const float*, 3>;
using Output = std::array<float*, 3>;

Input channels_at(const Picture& picture, std::size_t pixel) {
  return {picture.plane(0).data() + pixel, picture.plane(1).data() + pixel, picture.plane(2).data() + pixel};
}

Output channels_at(Picture& picture, std::size_t pixel) {
  return {picture.plane(0).data() + pixel, picture.plane(1).data() + pixel, picture.plane(2).data() + pixel};
}

}  // namespace

void rgb_to_ycbcr(const Input& rgb, const Output& ycbcr, std::size_t count) {
  to_ycbcr(rgb[0], rgb[1], rgb[2], ycbcr[0], ycbcr[1], ycbcr[2], count);
}

void ycbcr_to_rgb(const Input& ycbcr, const Output& rgb, std::size_t count) {
  to_rgb(ycbcr[0], ycbcr[1], ycbcr[2], rgb[0], rgb[1], rgb[2], count);
}

Picture rgb_to_ycbcr(const Picture& rgb) {
  assert(rgb.channels == 3);
  Picture ycbcr(rgb.width, rgb.height, 3);
  base::parallel_for(rgb.pixels(), kLeastPixels, [&](std::size_t begin, std::size_t end) {
    rgb_to_ycbcr(channels_at(rgb, begin), channels_at(ycbcr, begin), end - begin);
  });
  return ycbcr;
}

Picture ycbcr_to_rgb(const Picture& ycbcr) {
  assert(ycbcr.channels == 3);
  Picture rgb(ycbcr.width, ycbcr.height, 3);
  base::parallel_for(rgb.pixels(), kLeastPixels, [&](std::size_t begin, std::size_t end) {
    ycbcr_to_rgb(channels_at(ycbcr, begin), channels_at(rgb, begin), end - begin);
  });
  return rgb;
}

Picture rgb_to_luminance(const Picture& rgb) {
  assert(rgb.channels == 3);
  Picture grey(rgb.width, rgb.height, 1);
  base::parallel_for(rgb.pixels(), kLeastPixels, [&](std::size_t begin, std::size_t end) {
    const auto [red, green, blue] = channels_at(rgb, begin);
    to_luminance(red, green, blue, grey.samples.data() + begin, end - begin);
  });
  return grey;
}

Picture grey_to_rgb(const Picture& grey) {
  assert(grey.channels == 1);
  Picture rgb(grey.width, grey.height, 3);
  for (int channel = 0; channel < 3; ++channel)
    std::copy(grey.samples.begin(), grey.samples.end(), rgb.plane(channel).begin());
  return rgb;
}

}  // namespace mantissa::image
