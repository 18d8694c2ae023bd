#include "image/vips/attach.h"

#include <cstring>
#include <memory>
#include <string_view>

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

// libvips writes only those EXIF entries that are also fields of the image, and only a loader sets these. So the entries go through a JPEG
// of one pixel that holds them.
vips::VImage carrier_of(const std::vector<std::byte>& exif) {
  const auto pixel =
      vips::VImage::black(1, 1).copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_B_W));
  const Blob jpeg(pixel.jpegsave_buffer(vips::VImage::option()->set("strip", true)));
  std::size_t size = 0;
  const auto* bytes = static_cast<const std::uint8_t*>(vips_blob_get(jpeg.get(), &size));
  std::vector<std::uint8_t> file(bytes, bytes + size);

  const std::size_t length = exif.size() + 2;
  std::vector<std::uint8_t> segment{0xFF, 0xE1, static_cast<std::uint8_t>(length >> 8),
                                    static_cast<std::uint8_t>(length & 0xFF)};
  segment.resize(4 + exif.size());
  std::memcpy(segment.data() + 4, exif.data(), exif.size());
  file.insert(file.begin() + 2, segment.begin(), segment.end());  // after the two bytes that begin every JPEG

  const Blob blob(vips_blob_copy(file.data(), file.size()));
  return vips::VImage::jpegload_buffer(blob.get());
}

void* copy_field(VipsImage* /*carrier*/, const char* name, GValue* value, void* image) {
  if (std::string_view(name).starts_with("exif-")) vips_image_set(static_cast<VipsImage*>(image), name, value);
  return nullptr;  // go on
}

}  // namespace

void attach(const Metadata& metadata, int channels, vips::VImage& image) {
  constexpr std::size_t kLongestSegment = 65533;  // of a JPEG: a 16-bit length that counts itself
  if (profile_fits(metadata.colour_profile, channels)) {
    vips_image_set_blob_copy(image.get_image(), VIPS_META_ICC_NAME, metadata.colour_profile.data(),
                             metadata.colour_profile.size());
  }
  if (!metadata.exif.empty() && metadata.exif.size() <= kLongestSegment) {
    vips_image_map(carrier_of(metadata.exif).get_image(), copy_field, image.get_image());
  }
  if (metadata.orientation != 1) image.set(VIPS_META_ORIENTATION, metadata.orientation);
  if (metadata.dots_per_mm > 0) {
    image.get_image()->Xres = metadata.dots_per_mm;
    image.get_image()->Yres = metadata.dots_per_mm;
  }
}

}  // namespace mantissa::image
