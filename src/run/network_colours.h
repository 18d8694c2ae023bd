// The steps between a picture's colours and a network's that restore() takes apart, because it works on rows.
#pragma once

#include "image/codec.h"
#include "image/picture.h"
#include "net/network.h"

namespace mantissa::run {

// Whether a file's samples are what the network takes and gives, channel by channel.
[[nodiscard]] bool has_colours_of(const image::PictureInfo& info, const net::Task& task);
// Cb and Cr of an RGB picture.
[[nodiscard]] image::Picture chroma_of(const image::Picture& rgb);
// The RGB picture of a luminance and a chroma of the same size.
[[nodiscard]] image::Picture join_luminance(const image::Picture& luminance, const image::Picture& chroma);

}  // namespace mantissa::run
