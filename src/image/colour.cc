#include "image/colour.h"

#include <algorithm>
#include <cassert>

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

float luminance(float red, float green, float blue) { return kRed * red + kGreen * green + kBlue * blue; }

}  // namespace

Picture rgb_to_ycbcr(const Picture& rgb) {
  assert(rgb.channels == 3);
  Picture ycbcr(rgb.width, rgb.height, 3);
  const auto red = rgb.plane(0), green = rgb.plane(1), blue = rgb.plane(2);
  auto y = ycbcr.plane(0), cb = ycbcr.plane(1), cr = ycbcr.plane(2);
  for (std::size_t i = 0; i < rgb.pixels(); ++i) {
    y[i] = luminance(red[i], green[i], blue[i]);
    cb[i] = (blue[i] - y[i]) / kCbScale + kCentre;
    cr[i] = (red[i] - y[i]) / kCrScale + kCentre;
  }
  return ycbcr;
}

Picture ycbcr_to_rgb(const Picture& ycbcr) {
  assert(ycbcr.channels == 3);
  Picture rgb(ycbcr.width, ycbcr.height, 3);
  const auto y = ycbcr.plane(0), cb = ycbcr.plane(1), cr = ycbcr.plane(2);
  auto red = rgb.plane(0), green = rgb.plane(1), blue = rgb.plane(2);
  for (std::size_t i = 0; i < ycbcr.pixels(); ++i) {
    red[i] = y[i] + kCrScale * (cr[i] - kCentre);
    blue[i] = y[i] + kCbScale * (cb[i] - kCentre);
    green[i] = (y[i] - kRed * red[i] - kBlue * blue[i]) / kGreen;
  }
  return rgb;
}

Picture rgb_to_luminance(const Picture& rgb) {
  assert(rgb.channels == 3);
  Picture grey(rgb.width, rgb.height, 1);
  const auto red = rgb.plane(0), green = rgb.plane(1), blue = rgb.plane(2);
  auto y = grey.plane(0);
  for (std::size_t i = 0; i < rgb.pixels(); ++i) y[i] = luminance(red[i], green[i], blue[i]);
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
