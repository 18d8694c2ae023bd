#include "image/vips/savers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "image/held_memory.h"
#include "image/vips/library.h"

namespace mantissa::image {
namespace {

constexpr int kNoLimit = 10'000'000;  // VIPS_MAX_COORD

// Longest sides: libjpeg's JPEG_MAX_DIMENSION, WEBP_MAX_DIMENSION, libheif's and AV1's 16-bit sizes.
// Encoders that hold the whole picture: measured on 1 and 4 megapixels of photographs, 7 and 35 bytes.
// JPEG XL is left out: libvips 8.14 counts it among what is not meant for files from strangers.
constexpr std::array kSavers{
    Saver{".png", "pngsave_target", true, 16, kNoLimit, 0, 0},
    Saver{".jpg", "jpegsave_target", false, 8, 65500, 95, 0},
    Saver{".jpeg", "jpegsave_target", false, 8, 65500, 95, 0},
    Saver{".tif", "tiffsave_target", true, 32, kNoLimit, 0, 0},
    Saver{".tiff", "tiffsave_target", true, 32, kNoLimit, 0, 0},
    Saver{".webp", "webpsave_target", true, 8, 16383, 90, 8},
    Saver{".avif", "heifsave_target", true, 8, 16384, 80, 36},
};

// zlib level 1 with the filter "up". Measured on 8000 x 6000 pixels of photographs (144 MB), in processor time: 2.05 s
// and 91 MB; level 3
// 2.99 s and 89 MB, level 6 with all filters over 6 s and 84 MB.
constexpr int kFastCompression = 1;
constexpr int kThoroughCompression = 6;  // from here on the size matters more than the time

// Rows of a strip of a TIFF: libvips' own default, and fewer of long rows, since strips are held and then compressed as
// a whole: 16 MB less at 31,623 columns.
int rows_of_strip(const vips::VImage& image) {
  constexpr std::size_t kBytes = 1 << 20;
  return static_cast<int>(std::clamp<std::size_t>(kBytes / VIPS_IMAGE_SIZEOF_LINE(image.get_image()), 16, 128));
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string all_extensions() {
  std::string list;
  for (const Saver& saver : kSavers) list += (list.empty() ? "" : " ") + std::string(saver.extension);
  return list;
}

vips::VOption* options_of(const Saver& saver, const vips::VImage& image, const WriteOptions& options) {
  const std::string_view operation = saver.operation;
  auto* set = vips::VImage::option();
  if (saver.quality != 0) set->set("Q", options.quality > 0 ? std::min(options.quality, 100) : saver.quality);
  if (operation == "pngsave_target") {
    const int compression = options.compression >= 0 ? std::min(options.compression, 9) : kFastCompression;
    set->set("compression", compression);
    set->set("filter", compression < kThoroughCompression ? VIPS_FOREIGN_PNG_FILTER_UP : VIPS_FOREIGN_PNG_FILTER_ALL);
  } else if (operation == "tiffsave_target") {
    // Offsets in a classic TIFF have 32 bits; LZW may make noise larger by a half.
    const bool big = VIPS_IMAGE_SIZEOF_IMAGE(image.get_image()) > std::size_t{5} << 29;
    // Deflate, which libvips always runs at level 6, takes four times as long as LZW for an eighth less; but LZW
    // enlarges 16-bit samples.
    const bool bytes = image.format() == VIPS_FORMAT_UCHAR;
    set->set("compression", bytes ? VIPS_FOREIGN_TIFF_COMPRESSION_LZW : VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE);
    set->set("bigtiff", big);
    set->set("tile_height", rows_of_strip(image));
    set->set("predictor", image.format() == VIPS_FORMAT_FLOAT ? VIPS_FOREIGN_TIFF_PREDICTOR_FLOAT
                                                              : VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL);
  } else if (operation == "heifsave_target") {
    set->set("compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1);
  }
  return set;
}

}  // namespace

Result<Saver> choose_saver(const std::filesystem::path& path, const PictureInfo& info) {
  const std::string extension = lower_case(path.extension().string());
  const auto* saver =
      std::find_if(kSavers.begin(), kSavers.end(), [&](const Saver& s) { return extension == s.extension; });
  if (saver == kSavers.end()) {
    return bad_input(extension.empty() ? "the name has no extension that says how to write it"
                                       : "pictures cannot be written as " + extension,
                     "Use one of " + all_extensions());
  }
  if (vips_type_find("VipsOperation", saver->operation) == 0) {
    return unsupported("this libvips was built without support for " + extension, "Use .png");
  }
  if (info.has_alpha && !saver->alpha) {
    return bad_input("the picture has an alpha channel, which " + extension + " cannot hold",
                     "Use .png, .tif or .webp");
  }
  if (std::max(info.width, info.height) > saver->longest_side) {
    return bad_input(std::to_string(info.width) + " x " + std::to_string(info.height) + " pixels are too many for " +
                         extension + ", whose limit is " + std::to_string(saver->longest_side) + " a side",
                     "Use .png or .tif");
  }
  MANTISSA_TRY(check_held(static_cast<double>(saver->held) * info.width * info.height, "is encoded as " + extension));
  return *saver;
}

int bits_written(const Saver& saver, int bits) { return std::min(bits, saver.most_bits); }

void save(const Saver& saver, const vips::VImage& image, const std::filesystem::path& path,
          const WriteOptions& options) {
  const auto target = vips::VTarget::new_to_file(path.c_str());
  auto* set = options_of(saver, image, options)->set("in", image)->set("target", target);
  vips::VImage::call(saver.operation, set);
}

}  // namespace mantissa::image
