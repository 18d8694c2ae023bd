// Rows on their way to a file that is larger or smaller than what the network makes.
#pragma once

#include "image/codec.h"
#include "image/resize.h"

namespace mantissa::run {

// Resamples what it is given (bicubic, antialiased) and hands it on; memory is that of a few rows.
class ScaledWriter : public image::PictureWriter {
 public:
  // `channels` with alpha. `writer` must outlive it.
  ScaledWriter(image::PictureWriter& writer, const image::Axis& columns, const image::Axis& rows, int channels)
      : writer_(writer), resampler_(columns, rows, channels) {}
  [[nodiscard]] Result<void> write_rows(const image::Picture& rows) override {
    const image::Picture result = resampler_.put(rows);
    return result.height > 0 ? writer_.write_rows(result) : Result<void>();
  }
  [[nodiscard]] Result<void> finish() override { return writer_.finish(); }

 private:
  image::PictureWriter& writer_;
  image::RowResampler resampler_;
};

}  // namespace mantissa::run
