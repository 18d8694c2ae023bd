// Pictures in a caller's memory behind the interfaces of picture files.
#pragma once

#include <string_view>

#include "image/codec.h"
#include "image/picture.h"
#include "mantissa/pixels.h"
#include "mantissa/result.h"

namespace mantissa::run {

// No side of a picture is longer, before and after; as in files.
inline constexpr int kLongestInput = 1'000'000;
inline constexpr int kLongestOutput = 10'000'000;

// `name` is what the message calls it: "input". Errors (usage): no pixels, too many channels, strides shorter than a
// row or plane, no memory at all.
[[nodiscard]] Result<void> check_layout(const PixelLayout& layout, const void* data, std::string_view name);

// Of a whole picture whose rows and planes are packed.
[[nodiscard]] std::size_t packed_bytes(const PixelLayout& layout);

class PixelReader : public image::PictureReader {
 public:
  // A checked layout.
  explicit PixelReader(const Pixels& pixels);
  [[nodiscard]] const image::PictureInfo& info() const override { return info_; }
  [[nodiscard]] Result<void> read_into(image::Rectangle rectangle, image::Picture& picture) override;

 private:
  Pixels pixels_;
  image::PictureInfo info_;
};

class PixelWriter : public image::PictureWriter {
 public:
  // A checked layout.
  explicit PixelWriter(const MutablePixels& pixels) : pixels_(pixels) {}
  [[nodiscard]] Result<void> begin_rows(int count) override;
  void put(int y, int x, Lines lines, std::size_t count) override;
  [[nodiscard]] Result<void> end_rows() override { return {}; }
  [[nodiscard]] Result<void> finish() override { return {}; }

 private:
  MutablePixels pixels_;
  int first_row_ = 0;  // of those that are put, and where they end
  int end_row_ = 0;
};

}  // namespace mantissa::run
