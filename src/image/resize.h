// Bicubic resampling as restoration papers use it.
#pragma once

#include "image/picture.h"

namespace mantissa::image {

// Keys' cubic kernel with a = -0.5; when reducing, the kernel is widened by the factor (antialiased) and the edge is
// mirrored: the result of MATLAB's imresize(picture, [height width], 'bicubic') in floating point. imresize of 8-bit
// pictures rounds after the rows too, so that about a tenth of its samples differ by one level; releases before the
// mirrored edge repeated the edge sample, and one of those made the LR pictures of Set5: their outermost pixels differ
// by up to 6 levels.
[[nodiscard]] Picture resize_bicubic(const Picture& picture, int width, int height);

// Where the samples of a resampled axis lie on the axis that they come from: sample i at start + step * i, where 0 is
// the centre of the first sample there.
struct Axis {
  int from = 0;  // samples
  int to = 0;
  double start = 0;
  double step = 1;
};
// Both sizes cover the same length, as in resize_bicubic().
[[nodiscard]] Axis axis_between(int from, int to);

// The same kernel and edges along any axes.
[[nodiscard]] Picture resample(const Picture& picture, const Axis& columns, const Axis& rows);

// resample() of a picture that comes row by row: memory is that of the rows that one row of the result is made of.
class RowResampler {
 public:
  RowResampler(const Axis& columns, const Axis& rows, int channels);

  // Takes the next rows of the picture, `columns.from` wide; gives the next rows of the result, as many as are
  // complete: maybe none.
  [[nodiscard]] Picture put(const Picture& rows);

 private:
  Axis columns_;
  Axis rows_;
  Picture window_;       // resampled along columns, from row first_ on
  int first_ = 0;        // row of the picture that the window begins with
  int next_ = 0;         // row of the picture that comes next
  int next_output_ = 0;  // row of the result that comes next
};

}  // namespace mantissa::image
