// Rows on their way to a file that is larger or smaller than what the network makes.
#pragma once

#include <algorithm>

#include "image/codec.h"
#include "image/resize.h"

namespace mantissa::run {

// Resamples what it is given (bicubic, antialiased) and hands it on; memory is that of a few rows.
class ScaledWriter : public image::PictureWriter {
 public:
  // `channels` with alpha. `writer` must outlive it.
  ScaledWriter(image::PictureWriter& writer, const image::Axis& columns, const image::Axis& rows, int channels)
      : writer_(writer), resampler_(columns, rows, channels), rows_(columns.from, 0, channels) {}
  [[nodiscard]] Result<void> begin_rows(int count) override {
    rows_.reshape(rows_.width, count, rows_.channels);
    return {};
  }
  void put(int y, int x, Lines lines, std::size_t count) override {
    for (int channel = 0; channel < rows_.channels; ++channel)
      std::copy_n(lines[static_cast<std::size_t>(channel)], count, rows_.row(channel, y).begin() + x);
  }
  [[nodiscard]] Result<void> end_rows() override {
    const image::Picture result = resampler_.put(rows_);
    return result.height > 0 ? writer_.write_rows(result) : Result<void>();
  }
  [[nodiscard]] Result<void> finish() override { return writer_.finish(); }

 private:
  image::PictureWriter& writer_;
  image::RowResampler resampler_;
  image::Picture rows_;
};

}  // namespace mantissa::run
