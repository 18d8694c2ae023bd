#include "run/network_colours.h"

#include <algorithm>

#include "base/threads.h"
#include "image/colour.h"
#include "run/restore.h"

namespace mantissa::run {

using image::Picture;
using net::Colour;

namespace {

using Line = std::array<const float*, 3>;

void to_mean(const Line& line, float* mean, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) mean[i] = (line[0][i] + line[1][i] + line[2][i]) / 3.0F;
}

}  // namespace

bool has_colours_of(const image::PictureInfo& info, const net::Task& task) {
  return task.colour == (info.channels == 1 ? Colour::luminance : Colour::rgb);
}

bool keeps_chroma(const image::PictureInfo& info, const net::Task& task) {
  return task.colour == Colour::luminance && info.channels == 3;
}

void to_network_rows(const Picture& file_rows, const image::PictureInfo& info, const net::Task& task, Picture& rows) {
  const bool to_ycbcr = task.colour == Colour::ycbcr || keeps_chroma(info, task);
  const auto width = static_cast<std::size_t>(rows.width);
  base::parallel_for(static_cast<std::size_t>(file_rows.height), 8, [&](std::size_t begin, std::size_t end) {
    for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y) {
      const auto in = [&](int channel) { return file_rows.row(info.channels == 1 ? 0 : channel, y).data(); };
      const auto out = [&](int channel) { return rows.row(channel, y).data(); };
      if (to_ycbcr)
        image::rgb_to_ycbcr({in(0), in(1), in(2)}, {out(0), out(1), out(2)}, width);
      else
        for (int channel = 0; channel < net::channels_of(task.colour); ++channel)
          std::copy_n(in(channel), width, out(channel));
      if (info.has_alpha) std::copy_n(file_rows.row(info.channels, y).data(), width, out(rows.channels - 1));
    }
  });
}

void from_network_line(const Line& network, const image::PictureInfo& info, const net::Task& task,
                       const std::array<float*, 3>& file, std::size_t width) {
  if (info.channels == 3)
    image::ycbcr_to_rgb(network, file, width);
  else if (task.colour == Colour::rgb)
    to_mean(network, file[0], width);
  else  // of YCbCr, what a grey picture shows
    std::copy_n(network[0], width, file[0]);
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

}  // namespace mantissa::run
