// Rows of a picture over its full width: what a row of tiles is cut from.
#pragma once

#include <span>

#include "image/codec.h"
#include "image/picture.h"
#include "mantissa/result.h"
#include "net/network.h"

namespace mantissa::run {

// Where a row or column beyond the picture lies inside it: mirrored at the edge, which is not repeated, as often as needed.
[[nodiscard]] int reflected(int position, int size);

class Strip {
 public:
  Strip(image::PictureReader& reader, const net::Task& task);

  // Goes to the rows [begin, end), which never lie above those of before: rows that both have are not read again.
  [[nodiscard]] Result<void> move_to(int begin, int end);

  [[nodiscard]] int begin() const { return begin_; }
  [[nodiscard]] const image::Picture& rows() const { return rows_; }  // as read, alpha included
  // Writes a rectangle of the picture, in the network's colours and range, to `tensor`: [channels][height][width]. What lies beyond the
  // picture to the right and below is reflected.
  void fill(std::span<float> tensor, const image::Rectangle& rectangle) const;

 private:
  image::PictureReader& reader_;
  const net::Task& task_;
  int begin_ = 0;
  image::Picture rows_;
  image::Picture converted_;  // the same rows in the network's colours; empty when those are the picture's own
};

}  // namespace mantissa::run
