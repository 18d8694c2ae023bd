// The steps between a picture's colours and a network's that restore() takes apart, because it works on rows.
#pragma once

#include <array>
#include <cstddef>

#include "image/codec.h"
#include "image/picture.h"
#include "net/network.h"

namespace mantissa::run {

// Whether a file's channels are what the network takes and gives, whatever alpha there is beside.
[[nodiscard]] bool has_colours_of(const image::PictureInfo& info, const net::Task& task);

// Whether chroma goes past the network.
[[nodiscard]] bool keeps_chroma(const image::PictureInfo& info, const net::Task& task);

// Rows of a file to as many of `rows`, whose channels are the network's, then what goes past it: Cb and Cr of a picture
// that keeps its chroma, and alpha where there is one.
void to_network_rows(const image::Picture& file_rows, const image::PictureInfo& info, const net::Task& task,
                     image::Picture& rows);

// A line of what the network gives to one of a file, alpha left alone, on this thread. `network`: its channels, or
// luminance, Cb and Cr where chroma is kept. They overlap nothing. Not where the colours are the same.
void from_network_line(const std::array<const float*, 3>& network, const image::PictureInfo& info,
                       const net::Task& task, const std::array<float*, 3>& file, std::size_t width);

}  // namespace mantissa::run
