// Which encoder writes which extension, what it can hold, and how it is set.
#pragma once

#include <filesystem>
#include <vips/vips8>

#include "image/codec.h"

namespace mantissa::image {

struct Saver {
  const char* extension;  // lower case, with the dot
  const char* operation;  // of libvips
  bool alpha;
  int most_bits;     // 8, 16 or 32 (float)
  int longest_side;  // in pixels
  int quality;       // where WriteOptions leaves it open; 0: the format has none
  int held;          // bytes for each pixel of the whole picture that the encoder holds; 0: it streams
};

// Errors (bad_input): an extension that cannot be written, or a picture that the format cannot hold.
// (unsupported): libvips was built without the format, or the picture does not fit into memory, where the format's encoder
// needs all of it at once.
[[nodiscard]] Result<Saver> choose_saver(const std::filesystem::path& path, const PictureInfo& info);

// The bits that the file gets for a picture of `bits`.
[[nodiscard]] int bits_written(const Saver& saver, int bits);

// Encodes `image` into a file; throws vips::VError.
void save(const Saver& saver, const vips::VImage& image, const std::filesystem::path& path,
          const WriteOptions& options);

}  // namespace mantissa::image
