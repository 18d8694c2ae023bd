// Pictures in memory behind the interfaces of picture files.
#pragma once

#include <utility>

#include "image/codec.h"
#include "image/picture.h"

namespace mantissa::run {

// Grey or RGB, without alpha. `picture` must outlive it.
class MemoryReader : public image::PictureReader {
 public:
  explicit MemoryReader(const image::Picture& picture);
  [[nodiscard]] const image::PictureInfo& info() const override { return info_; }
  [[nodiscard]] Result<void> read_into(image::Rectangle rectangle, image::Picture& picture) override;

 private:
  const image::Picture& picture_;
  image::PictureInfo info_;
};

// Fills a picture from the top; numbers are kept as they come.
class MemoryWriter : public image::PictureWriter {
 public:
  MemoryWriter(int width, int height, int channels) : picture_(width, height, channels) {}
  [[nodiscard]] Result<void> begin_rows(int count) override;
  void put(int y, int x, Lines lines, std::size_t count) override;
  [[nodiscard]] Result<void> end_rows() override { return {}; }
  [[nodiscard]] Result<void> finish() override { return {}; }
  [[nodiscard]] image::Picture take() { return std::move(picture_); }

 private:
  image::Picture picture_;
  int first_row_ = 0;  // of those that are put, and where they end
  int end_row_ = 0;
};

}  // namespace mantissa::run
