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
  [[nodiscard]] Result<image::Picture> read(image::Rectangle rectangle) override;

 private:
  Pixels pixels_;
  image::PictureInfo info_;
};

class PixelWriter : public image::PictureWriter {
 public:
  // A checked layout.
  explicit PixelWriter(const MutablePixels& pixels) : pixels_(pixels) {}
  [[nodiscard]] Result<void> write_rows(const image::Picture& rows) override;
  [[nodiscard]] Result<void> finish() override { return {}; }

 private:
  MutablePixels pixels_;
  int next_row_ = 0;
};

}  // namespace mantissa::run
