#include "image/vips/attach.h"

#include <cstring>
#include <memory>
#include <string_view>

#include "base/progress.h"
#include "image/vips/library.h"

namespace mantissa::image {
namespace {

// ICC.1:2022, 7.2.6: the colour space of the data is a four-character signature at byte 16 of the header.
bool profile_fits(const std::vector<std::byte>& profile, int channels) {
  if (profile.size() < 128) return false;
  const std::string_view space(reinterpret_cast<const char*>(profile.data()) + 16, 4);
  return space == (channels == 1 ? "GRAY" : "RGB ");
}

struct Unreference {
  void operator()(VipsBlob* blob) const { vips_area_unref(VIPS_AREA(blob)); }
};
using Blob = std::unique_ptr<VipsBlob, Unreference>;

vips::VImage one_pixel(int channels) {
  const auto interpretation = channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  return vips::VImage::black(1, 1, vips::VImage::option()->set("bands", channels))
      .copy(vips::VImage::option()->set("interpretation", interpretation));
}

// libvips writes only those EXIF entries that are also fields of the image, and only a loader sets these. So the
// entries go through a JPEG of one pixel that holds them.
vips::VImage carrier_of(const std::vector<std::byte>& exif) {
  const Blob jpeg(one_pixel(1).jpegsave_buffer(vips::VImage::option()->set("strip", true)));
  std::size_t size = 0;
  const auto* bytes = static_cast<const std::uint8_t*>(vips_blob_get(jpeg.get(), &size));
  std::vector<std::uint8_t> file(bytes, bytes + size);

  // A JPEG keeps a label before it, which PNG leaves out.
  constexpr std::string_view kLabel{"Exif\0\0", 6};
  const bool labelled = exif.size() >= kLabel.size() && std::memcmp(exif.data(), kLabel.data(), kLabel.size()) == 0;
  std::vector<std::uint8_t> segment{0xFF, 0xE1, 0, 0};
  if (!labelled) segment.insert(segment.end(), kLabel.begin(), kLabel.end());
  for (const std::byte byte : exif) segment.push_back(std::to_integer<std::uint8_t>(byte));
  segment[2] = static_cast<std::uint8_t>((segment.size() - 2) >> 8);
  segment[3] = static_cast<std::uint8_t>((segment.size() - 2) & 0xFF);
  file.insert(file.begin() + 2, segment.begin(), segment.end());  // after the two bytes that begin every JPEG

  const Blob blob(vips_blob_copy(file.data(), file.size()));
  return vips::VImage::jpegload_buffer(blob.get());
}

void* copy_field(VipsImage* /*carrier*/, const char* name, GValue* value, void* image) {
  if (std::string_view(name).starts_with("exif-")) vips_image_set(static_cast<VipsImage*>(image), name, value);
  return nullptr;  // go on
}

void copy_exif(const std::vector<std::byte>& exif, vips::VImage& image) {
  vips_image_map(carrier_of(exif).get_image(), copy_field, image.get_image());
}

// PNG has no other place for the orientation. Exif 2.32, 4.5: a little-endian TIFF of one directory with one entry, a
// 16-bit number.
std::vector<std::byte> exif_of_orientation(int orientation) {
  using namespace std::string_view_literals;
  constexpr auto kBefore =
      "Exif\0\0II*\0\x08\0\0\0"            // the directory is at 8
      "\x01\0\x12\x01\x03\0\x01\0\0\0"sv;  // one entry: tag 0x0112, type 3, one value
  constexpr auto kAfter = "\0\0\0\0\0\0\0"sv;
  std::vector<std::byte> exif;
  for (const char byte : kBefore) exif.push_back(static_cast<std::byte>(byte));
  exif.push_back(static_cast<std::byte>(orientation));
  for (const char byte : kAfter) exif.push_back(static_cast<std::byte>(byte));
  return exif;
}

void set_profile(const std::vector<std::byte>& profile, vips::VImage& image) {
  vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, profile.data(), profile.size());
}

// libpng leaves out a profile that it finds fault with, ProPhoto's white point say, or refuses the picture: it is asked
// beforehand.
bool libpng_takes(const std::vector<std::byte>& profile, int channels) {
  auto pixel = one_pixel(channels);
  set_profile(profile, pixel);
  try {
    const Blob png(pixel.pngsave_buffer());
    return vips::VImage::pngload_buffer(png.get()).get_typeof(VIPS_META_ICC_NAME) != 0;
  } catch (const vips::VError&) {
    (void)take_vips_complaint();
    return false;
  }
}

}  // namespace

void attach(const Metadata& metadata, int channels, const Saver& saver, vips::VImage& image) {
  constexpr std::size_t kLongestExif = 65527;  // in a JPEG: a 16-bit length that counts itself and the label
  if (profile_fits(metadata.colour_profile, channels)) {
    if (std::string_view(saver.operation) != "pngsave_target" || libpng_takes(metadata.colour_profile, channels)) {
      set_profile(metadata.colour_profile, image);
    } else {
      base::warn("the colour profile breaks the rules of PNG and is left out");
    }
  }
  if (!metadata.exif.empty() && metadata.exif.size() <= kLongestExif) {
    copy_exif(metadata.exif, image);
  } else if (metadata.orientation != 1) {
    copy_exif(exif_of_orientation(metadata.orientation), image);
  }
  if (metadata.orientation != 1) image.set(VIPS_META_ORIENTATION, metadata.orientation);
  if (metadata.dots_per_mm > 0) {
    image.get_image()->Xres = metadata.dots_per_mm;
    image.get_image()->Yres = metadata.dots_per_mm;
  }
}

}  // namespace mantissa::image
