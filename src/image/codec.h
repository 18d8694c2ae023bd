// Picture files: read and written by libvips, in a module that is loaded when the first picture is touched.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "image/picture.h"
#include "mantissa/result.h"

namespace mantissa::image {

// What travels with the pixels and is copied from the input file to the output.
struct Metadata {
  std::vector<std::byte> colour_profile;  // ICC; empty when there is none
  std::vector<std::byte> exif;            // as libvips keeps it; empty when there is none
  int orientation = 1;                    // the EXIF/TIFF tag, 1..8; pixels are as stored, never turned
  double dots_per_mm = 0;                 // 0 when unknown
};

struct PictureInfo {
  int width = 0;
  int height = 0;
  int channels = 0;  // 1 (grey) or 3 (RGB); an alpha channel is not counted
  bool has_alpha = false;
  int bits = 8;  // 8, 16, or 32 (floating point)
  Metadata metadata;
};

// Reads rectangles of one picture in any order, from any thread; fastest from top to bottom: rows from the top of the
// last rectangle on stay decoded, as the file's numbers, until a rectangle begins below them. Memory is bounded by the
// rows that a rectangle spans, whatever the size of the picture (not for WebP, AVIF and interlaced or progressive
// files, which their libraries decode whole). Palettes, CMYK, Lab and the like arrive as RGB; 1-bit as 8-bit grey.
class PictureReader {
 public:
  virtual ~PictureReader() = default;
  [[nodiscard]] virtual const PictureInfo& info() const = 0;
  // `info().channels` channels, and one more for alpha where there is one (the last), in the memory of `picture` where
  // they fit into it. Errors: damaged or truncated data.
  [[nodiscard]] virtual Result<void> read_into(Rectangle rectangle, Picture& picture) = 0;
  [[nodiscard]] Result<Picture> read(Rectangle rectangle);
  // The rows [begin, end) will be read next: they may be decoded meanwhile, on another thread. Does not wait.
  virtual void read_ahead(int /*begin*/, int /*end*/) {}
};

// Takes the rows of one picture from top to bottom, some of them at a time, each of which is put together from pieces:
// they are never held as floats. The file appears under its name with finish().
class PictureWriter {
 public:
  // One for each of `channels` (+ alpha).
  using Lines = std::span<const float* const>;

  virtual ~PictureWriter() = default;
  // The next `count` rows are going to be put.
  [[nodiscard]] virtual Result<void> begin_rows(int count) = 0;
  // `count` samples of each channel, from column x on, of row y (0: the first of these). From any thread, in any order.
  // They are clipped to 0..1 and rounded to the file's bits.
  virtual void put(int y, int x, Lines lines, std::size_t count) = 0;
  // All of them have been put.
  [[nodiscard]] virtual Result<void> end_rows() = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;

  // The next rows at once: full width.
  [[nodiscard]] Result<void> write_rows(const Picture& rows);
};

// Puts row `y` of `picture`, its first `count` samples, to column x of the same row.
void put_row(PictureWriter& writer, const Picture& picture, int y, int x, int count);

struct WriteOptions {
  int quality = 0;       // JPEG, WebP, AVIF: 1..100; 0 is the format's good default (95, 90, 80); never lossless
  int compression = -1;  // PNG: 0..9; -1 is a fast default
};

// The file's kind is told by its content on reading, and by the extension of `path` on writing (.png .jpg .jpeg .tif
// .tiff .webp .avif). Errors (bad_input): no such file, not a picture, damaged, an extension that cannot be written, a
// format that cannot hold the bits or size; (unsupported): a picture that its library takes as a whole, and that does
// not fit into memory.
[[nodiscard]] Result<std::unique_ptr<PictureReader>> open_picture(const std::filesystem::path& path);
[[nodiscard]] Result<std::unique_ptr<PictureWriter>> create_picture(const std::filesystem::path& path,
                                                                    const PictureInfo& info,
                                                                    const WriteOptions& options = {});

// The whole picture without alpha, grey or RGB.
[[nodiscard]] Result<Picture> read_picture(const std::filesystem::path& path);
[[nodiscard]] Result<void> write_picture(const std::filesystem::path& path, const Picture& picture);

// Whether the extension is one that is read, but never written: .gif, .heic.
[[nodiscard]] bool is_only_read(const std::filesystem::path& path);

// Files of a folder whose extension is that of a picture, sorted by name; hidden ones are left out. `recursive`: of all
// folders below it too.
[[nodiscard]] Result<std::vector<std::filesystem::path>> pictures_in(const std::filesystem::path& folder,
                                                                     bool recursive = false);

// What the module implements.
class Codec {
 public:
  virtual ~Codec() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<PictureReader>> open(const std::filesystem::path& path) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<PictureWriter>> create(const std::filesystem::path& path,
                                                                      const PictureInfo& info,
                                                                      const WriteOptions& options) = 0;
};

}  // namespace mantissa::image
