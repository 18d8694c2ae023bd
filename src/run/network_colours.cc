#include "run/network_colours.h"

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

}  // namespace

bool has_colours_of(const image::PictureInfo& info, const net::Task& task) {
  return !info.has_alpha && task.colour == (info.channels == 1 ? Colour::luminance : Colour::rgb);
}

Picture chroma_of(const Picture& rgb) { return image::select_channels(image::rgb_to_ycbcr(rgb), 1, 2); }

Picture join_luminance(const Picture& luminance, const Picture& chroma) {
  Picture ycbcr;
  ycbcr.width = luminance.width;
  ycbcr.height = luminance.height;
  ycbcr.channels = 3;
  ycbcr.samples.reserve(luminance.samples.size() + chroma.samples.size());
  ycbcr.samples.insert(ycbcr.samples.end(), luminance.samples.begin(), luminance.samples.end());
  ycbcr.samples.insert(ycbcr.samples.end(), chroma.samples.begin(), chroma.samples.end());
  return image::ycbcr_to_rgb(ycbcr);
}

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

Picture from_network_colours(const Picture& output, const Picture& input, const net::Task& task) {
  const bool grey = input.channels == 1;
  switch (task.colour) {
    case Colour::rgb:
      return grey ? mean_of_channels(output) : output;
    case Colour::ycbcr:
      return grey ? image::select_channels(output, 0, 1) : image::ycbcr_to_rgb(output);
    case Colour::luminance:
      if (grey) return output;
      if (output.width == input.width && output.height == input.height) return join_luminance(output, chroma_of(input));
      return join_luminance(output, image::resize_bicubic(chroma_of(input), output.width, output.height));
  }
  return output;
}

}  // namespace mantissa::run
