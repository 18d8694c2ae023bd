#include <utility>

#include "image/colour.h"
#include "image/resize.h"
#include "run/restore.h"

namespace mantissa::run {

using image::Picture;
using net::Colour;

namespace {

Picture mean_of_channels(const Picture& picture) {
  Picture mean(picture.width, picture.height, 1);
  for (std::size_t i = 0; i < mean.samples.size(); ++i) {
    float sum = 0;
    for (int channel = 0; channel < picture.channels; ++channel) sum += picture.plane(channel)[i];
    mean.samples[i] = sum / static_cast<float>(picture.channels);
  }
  return mean;
}

Picture with_chroma_of(const Picture& luminance, const Picture& input) {
  Picture chroma = image::select_channels(image::rgb_to_ycbcr(input), 1, 2);
  if (chroma.width != luminance.width || chroma.height != luminance.height)
    chroma = image::resize_bicubic(chroma, luminance.width, luminance.height);
  Picture ycbcr = luminance;
  ycbcr.channels = 3;
  ycbcr.samples.insert(ycbcr.samples.end(), chroma.samples.begin(), chroma.samples.end());
  return image::ycbcr_to_rgb(ycbcr);
}

}  // namespace

Picture to_network_colours(const Picture& picture, const net::Task& task) {
  const bool grey = picture.channels == 1;
  switch (task.colour) {
    case Colour::rgb:
      return grey ? image::grey_to_rgb(picture) : picture;
    case Colour::ycbcr:
      return image::rgb_to_ycbcr(grey ? image::grey_to_rgb(picture) : picture);
    case Colour::luminance:
      return grey ? picture : image::rgb_to_luminance(picture);
  }
  return picture;
}

Picture from_network_colours(Picture output, const Picture& input, const net::Task& task) {
  const bool grey = input.channels == 1;
  switch (task.colour) {
    case Colour::rgb:
      return grey ? mean_of_channels(output) : output;
    case Colour::ycbcr:
      return grey ? image::select_channels(output, 0, 1) : image::ycbcr_to_rgb(output);
    case Colour::luminance:
      return grey ? output : with_chroma_of(output, input);
  }
  return output;
}

}  // namespace mantissa::run
