// Rows of a picture over its full width: what a row of tiles is cut from.
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

// Holds the rows in the network's colours, converted once, and beside them what the network does not see.
class Strip {
 public:
  Strip(image::PictureReader& reader, const net::Task& task);

  // Goes to the rows [begin, end), neither of which ever lies above that of before: rows that both have are not read
  // again.
  [[nodiscard]] Result<void> move_to(int begin, int end);

  [[nodiscard]] int begin() const { return begin_; }
  // Writes a rectangle of the picture, in the network's colours and range, to `tensor`: [channels][height][width]. What
  // lies beyond the picture to the right and below is reflected.
  void fill(std::span<float> tensor, const image::Rectangle& rectangle) const;
  // The same for alpha, as a grey picture.
  void fill_with_alpha(std::span<float> tensor, const image::Rectangle& rectangle) const;

  // The rows [begin, end) of a plane that goes past the network: Cb and Cr where chroma is kept, then alpha where there
  // is one.
  [[nodiscard]] std::span<const float> plane_beside(int index) const;

 private:
  void fill_channel(std::span<float> tensor, int channel, int from, const image::Rectangle& rectangle) const;
  void make_room(int kept, int rows);

  image::PictureReader& reader_;
  const net::Task& task_;
  int begin_ = 0;
  int end_ = 0;
  image::Picture rows_;  // from begin_ on, as high as the highest strip so far
};

}  // namespace mantissa::run
