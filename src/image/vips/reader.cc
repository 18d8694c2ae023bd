#include "image/vips/reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <string_view>

#include "base/threads.h"
#include "image/held_memory.h"
#include "image/samples.h"
#include "image/vips/library.h"
#include "image/vips/normalise.h"
#include "image/vips/strips.h"

namespace mantissa::image {
namespace {

// No side longer than a million: beyond any scanner, and short enough that a row's bytes fit everywhere.
constexpr int kLongestSide = 1'000'000;

// The formats that are read, by the names of libvips' loaders, and the most pixels that a byte of a well-formed file
// stands for: a header that promises more lies, and is caught before anyone reserves memory for it.
struct Format {
  std::string_view loader;
  double most_pixels_per_byte;
  int held;  // bytes for each sample of the picture that its library holds when it decodes it as a whole
  bool only_interlaced = false;  // else it streams
};

// Compresses flat pictures without limit; the figure admits a flat WebP of the largest size and a white fax of the
// widest.
constexpr double kHardlyLimited = 16.0 * (1 << 20);

constexpr std::array kFormats{
    Format{"VipsForeignLoadPng", 1032.0 * 8, 1, true},  // deflate expands at most 1032 times (zlib's technical notes), 8 pixels to a byte
    Format{"VipsForeignLoadJpeg", 64.0 * 16 * 8, 2, true},  // a bit or more for an 8x8 block, which subsampling stretches to at most 4x4 of them
    Format{"VipsForeignLoadTiff", kHardlyLimited, 0},      Format{"VipsForeignLoadWebp", kHardlyLimited, 2},
    Format{"VipsForeignLoadHeif", kHardlyLimited, 4},      Format{"VipsForeignLoadNsgif", kHardlyLimited, 2},
};

// The memory that decoding takes beyond some rows.
double bytes_held(const Format& format, const vips::VImage& image) {
  if (format.only_interlaced && image.get_typeof("interlaced") == 0) return 0;
  return static_cast<double>(format.held) * static_cast<double>(VIPS_IMAGE_SIZEOF_IMAGE(image.get_image()));
}

Result<Format> format_of(const vips::VSource& source) {
  const char* loader = vips_foreign_find_load_source(source.get_source());
  if (loader == nullptr) (void)take_vips_complaint();
  for (const Format& format : kFormats) {
    if (loader != nullptr && std::string_view(loader).starts_with(format.loader)) return format;
  }
  return bad_input("this is not a picture in a format that can be read here",
                   "Give a PNG, JPEG, TIFF, WebP or AVIF file");
}

Result<vips::VImage> open_raw(const std::filesystem::path& path, VipsAccess access) {
  (void)take_vips_complaint();  // what it said of another picture
  auto source = guarded("the file cannot be opened", [&] { return vips::VSource::new_from_file(path.c_str()); });
  if (!source) return std::move(source).error();
  MANTISSA_ASSIGN(const Format format, format_of(*source));
  auto image = guarded("the picture cannot be read", [&] {
    auto* options = vips::VImage::option();
    options->set("access", access)->set("fail_on", VIPS_FAIL_ON_ERROR);
    return vips::VImage::new_from_source(*source, "", options);
  });
  if (!image) {
    Error error = std::move(image).error();
    if (error.code == ErrorCode::bad_input) error.advice = "Get an undamaged copy";
    return error;
  }

  std::error_code failure;
  const auto bytes = std::filesystem::file_size(path, failure);
  const double pixels = static_cast<double>(image->width()) * image->height();
  if (image->width() > kLongestSide || image->height() > kLongestSide ||
      (!failure && pixels > format.most_pixels_per_byte * static_cast<double>(bytes))) {
    return bad_input("its header promises " + std::to_string(image->width()) + " x " + std::to_string(image->height()) +
                     " pixels, which the file cannot hold");
  }
  MANTISSA_TRY(check_held(bytes_held(format, *image), "is decoded"));
  return image;
}

Result<vips::VImage> open_normalised(const std::filesystem::path& path, VipsAccess access) {
  MANTISSA_ASSIGN(auto image, open_raw(path, access));
  MANTISSA_ASSIGN(auto normalised, normalise(std::move(image)));
  return normalised.image;
}

class VipsReader final : public PictureReader {
 public:
  VipsReader(const std::filesystem::path& path, Normalised normalised)
      : path_(path), info_(std::move(normalised.info)), strips_(path, open_normalised, std::move(normalised.image)) {}

  [[nodiscard]] const PictureInfo& info() const override { return info_; }

  [[nodiscard]] Result<void> read_into(Rectangle rectangle, Picture& picture) override {
    return read_rows(rectangle, picture).in("picture " + path_.string());
  }

  // What is wrong with these rows is told to whoever reads them: the decoder stops at the same place once more.
  void read_ahead(int begin, int end) override {
    stop_reading_ahead();
    stopped_ = false;
    ahead_ = std::async(std::launch::async, [this, begin, end] {
      for (int y = begin; y < end && !stopped_;) {
        if (!strips_.has_room()) break;
        const auto strip = strips_.at(y);
        if (!strip.ok()) break;
        y = (*strip)->y + (*strip)->rows;
      }
      vips_thread_shutdown();
    });
  }

  ~VipsReader() override { stop_reading_ahead(); }
  VipsReader(const VipsReader&) = delete;
  VipsReader& operator=(const VipsReader&) = delete;

 private:
  void stop_reading_ahead() {
    stopped_ = true;
    if (ahead_.valid()) ahead_.get();
  }

  Result<void> read_rows(Rectangle rectangle, Picture& picture) {
    if (rectangle.x < 0 || rectangle.y < 0 || rectangle.width <= 0 || rectangle.height <= 0 ||
        rectangle.x > info_.width - rectangle.width || rectangle.y > info_.height - rectangle.height) {
      return internal_error("a rectangle outside the picture was asked for");
    }
    strips_.forget_above(rectangle.y);
    picture.reshape(rectangle.width, rectangle.height, info_.channels + (info_.has_alpha ? 1 : 0));
    for (int y = 0; y < rectangle.height;) {
      MANTISSA_ASSIGN(const Strips::Kept strip, strips_.at(rectangle.y + y));
      const int end = std::min(rectangle.height, strip->y + strip->rows - rectangle.y);
      base::parallel_for(static_cast<std::size_t>(end - y), 16, [&](std::size_t first, std::size_t last) {
        for (int row = y + static_cast<int>(first); row < y + static_cast<int>(last); ++row)
          unpack_row(*strip, rectangle.y + row, rectangle.x, picture, row);
      });
      y = end;
    }
    return {};
  }

  // Row `from` of the file, from column x on, to a row of `picture`.
  void unpack_row(const Strip& strip, int from, int x, Picture& picture, int row) const {
    const auto channels = static_cast<std::size_t>(picture.channels);
    std::array<float*, 4> lines{};
    for (std::size_t channel = 0; channel < channels; ++channel)
      lines[channel] = picture.row(static_cast<int>(channel), row).data();
    const std::byte* const samples =
        strip.samples.data() + strips_.row_bytes() * static_cast<std::size_t>(from - strip.y);
    const std::size_t before = static_cast<std::size_t>(x) * channels * static_cast<std::size_t>(info_.bits / 8);
    unpack(samples + before, info_.bits, {lines.data(), channels}, static_cast<std::size_t>(picture.width));
  }

  std::filesystem::path path_;
  PictureInfo info_;
  Strips strips_;
  std::atomic<bool> stopped_ = false;
  std::future<void> ahead_;
};

}  // namespace

Result<std::unique_ptr<PictureReader>> open_with_vips(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(auto image, open_raw(path, VIPS_ACCESS_SEQUENTIAL));
  MANTISSA_ASSIGN(auto normalised, normalise(std::move(image)));
  return std::unique_ptr<PictureReader>(std::make_unique<VipsReader>(path, std::move(normalised)));
}

}  // namespace mantissa::image
