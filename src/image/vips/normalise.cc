#include "image/vips/normalise.h"

#include <algorithm>
#include <cstdint>

#include "image/vips/library.h"

namespace mantissa::image {
namespace {

// Bands that stand for themselves. Everything else has to be converted to RGB; float bands are taken as stored: only a
// profile tells that they are linear light.
bool is_grey_or_rgb(VipsInterpretation interpretation) {
  switch (interpretation) {
    case VIPS_INTERPRETATION_MULTIBAND:
    case VIPS_INTERPRETATION_B_W:
    case VIPS_INTERPRETATION_GREY16:
    case VIPS_INTERPRETATION_RGB:
    case VIPS_INTERPRETATION_sRGB:
    case VIPS_INTERPRETATION_RGB16:
    case VIPS_INTERPRETATION_scRGB:
      return true;
    default:
      return false;
  }
}

// The pixels are sRGB now, whatever the file's profile described.
vips::VImage without_profile(vips::VImage image) {
  if (image.get_typeof(VIPS_META_ICC_NAME) == 0) return image;
  image = image.copy();
  image.remove(VIPS_META_ICC_NAME);
  return image;
}

vips::VImage to_rgb(vips::VImage image) {
  const bool deep = image.format() != VIPS_FORMAT_UCHAR;
  if (image.interpretation() == VIPS_INTERPRETATION_CMYK) {
    // The file's own profile if it has a usable one, else libvips' generic one.
    auto* options = vips::VImage::option();
    options->set("embedded", true)->set("input_profile", "cmyk")->set("depth", deep ? 16 : 8);
    image = image.icc_transform("srgb", options);
  } else {
    if (image.coding() == VIPS_CODING_LABQ) image = image.LabQ2Lab();  // the direct way is a coarse table
    const bool short_samples = image.format() == VIPS_FORMAT_SHORT || image.format() == VIPS_FORMAT_USHORT;
    image = image.colourspace(short_samples ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
  }
  return without_profile(image);
}

std::uint32_t number_at(const std::vector<std::byte>& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | (at + i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0U);
  return number;
}

// Whether a profile for RGB says that its numbers are light itself: the curve of red (ICC.1:2022, 9.2.47) has no points,
// or a gamma of 1 (10.6, 10.18).
bool is_linear(const std::vector<std::byte>& profile) {
  constexpr std::uint32_t kRedCurve = 0x72545243, kCurve = 0x63757276, kParametric = 0x70617261;  // rTRC curv para
  const std::uint32_t tags = std::min<std::uint32_t>(number_at(profile, 128), 100);
  for (std::uint32_t tag = 0; tag < tags; ++tag) {
    const std::size_t entry = 132 + 12 * static_cast<std::size_t>(tag);
    if (number_at(profile, entry) != kRedCurve) continue;
    const std::size_t at = number_at(profile, entry + 4);
    const std::uint32_t kind = number_at(profile, at), next = number_at(profile, at + 8);
    if (kind == kCurve) return next == 0 || (next == 1 && number_at(profile, at + 12) >> 16 == 0x0100);
    return kind == kParametric && next >> 16 == 0 && number_at(profile, at + 12) == 0x00010000;
  }
  return false;
}

// Light to sRGB by the profile, which has done its work then. 16 bits: what is brighter than white is white.
vips::VImage linear_to_rgb(vips::VImage image) {
  if (image.format() == VIPS_FORMAT_FLOAT || image.format() == VIPS_FORMAT_DOUBLE)
    image = image.linear(65535.0, 0.5).cast(VIPS_FORMAT_USHORT);
  if (image.format() != VIPS_FORMAT_UCHAR)
    image = image.copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_RGB16));
  image = image.icc_transform("srgb", vips::VImage::option()->set("embedded", true)->set("depth", 16));
  return without_profile(image);
}

std::vector<std::byte> blob(const vips::VImage& image, const char* name) {
  if (image.get_typeof(name) != VIPS_TYPE_BLOB) return {};
  std::size_t size = 0;
  const auto* data = static_cast<const std::byte*>(image.get_blob(name, &size));
  return {data, data + size};
}

Metadata metadata_of(const vips::VImage& image) {
  Metadata metadata;
  metadata.colour_profile = blob(image, VIPS_META_ICC_NAME);
  metadata.exif = blob(image, VIPS_META_EXIF_NAME);
  if (image.get_typeof(VIPS_META_ORIENTATION) == G_TYPE_INT) {
    const int orientation = image.get_int(VIPS_META_ORIENTATION);
    if (orientation >= 1 && orientation <= 8) metadata.orientation = orientation;
  }
  // libvips gives 1 pixel per mm to a picture that does not say.
  if (image.xres() > 0 && image.xres() != 1.0) metadata.dots_per_mm = image.xres();
  return metadata;
}

Result<int> bits_of(const vips::VImage& image) {
  switch (image.format()) {
    case VIPS_FORMAT_UCHAR:
      return 8;
    case VIPS_FORMAT_USHORT:
      return 16;
    case VIPS_FORMAT_FLOAT:
      return 32;
    default:
      return unsupported(
          std::string("its samples are of the kind ") + vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image.format()),
          "Convert it to 8 or 16 unsigned bits or to 32-bit floats");
  }
}

}  // namespace

Result<Normalised> normalise(vips::VImage image) {
  auto converted = guarded("its colours cannot be converted", [&] {
    if (image.coding() == VIPS_CODING_RAD) image = image.rad2float();
    if (!is_grey_or_rgb(image.interpretation()))
      image = to_rgb(image);
    else if (image.bands() >= 3 && is_linear(blob(image, VIPS_META_ICC_NAME)))
      image = linear_to_rgb(image);
    if (image.format() == VIPS_FORMAT_DOUBLE) image = image.cast(VIPS_FORMAT_FLOAT);
    // 32-bit integers span their whole range as shorter ones do.
    if (image.format() == VIPS_FORMAT_UINT) image = image.linear(1.0 / 4294967295.0, 0.0);
    return image;
  });
  if (!converted) return std::move(converted).error();
  image = *converted;
  if (image.bands() > 4) {
    return unsupported("it has " + std::to_string(image.bands()) + " channels", "Convert it to grey or RGB");
  }
  MANTISSA_ASSIGN(const int bits, bits_of(image));
  PictureInfo info;
  info.width = image.width();
  info.height = image.height();
  info.channels = image.bands() < 3 ? 1 : 3;
  info.has_alpha = image.bands() % 2 == 0;
  info.bits = bits;
  info.metadata = metadata_of(image);
  return Normalised{image, std::move(info)};
}

}  // namespace mantissa::image
