// The part of a picture that a tile is made from.
#pragma once

#include <span>

#include "image/codec.h"
#include "image/picture.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::run {

// Where a row or column beyond the picture lies inside it: mirrored at the edge, which is not repeated, as often as
// needed.
[[nodiscard]] int reflected(int position, int size);

// Holds its pixels in the network's colours, and beside them what the network does not see. The rest of the picture
// stays with the reader, in the numbers of the file.
class Window {
 public:
  Window(image::PictureReader& reader, const net::Task& task);

  // Goes to a rectangle of the picture.
  [[nodiscard]] Result<void> move_to(const image::Rectangle& area);
  [[nodiscard]] const image::Rectangle& area() const { return area_; }

  // Writes a rectangle of the picture, in the network's colours and range, to `tensor`: [channels][height][width]. What
  // lies beyond the picture to the right and below is reflected; all the rest lies inside the window.
  void fill(std::span<float> tensor, const image::Rectangle& rectangle) const;
  // The same for alpha, as a grey picture.
  void fill_with_alpha(std::span<float> tensor, const image::Rectangle& rectangle) const;

  // The window's part of a plane that goes past the network: Cb and Cr where chroma is kept, then alpha where there is
  // one.
  [[nodiscard]] std::span<const float> plane_beside(int index) const;

 private:
  void fill_channel(std::span<float> tensor, int channel, int from, const image::Rectangle& rectangle) const;

  image::PictureReader& reader_;
  const net::Task& task_;
  image::Rectangle area_;
  image::Picture file_;    // in the colours of the file
  image::Picture pixels_;  // in those of the network, and what goes past it
};

}  // namespace mantissa::run
