// The module "vips": what base::load_module("vips") finds.
#include "image/codec.h"
#include "image/vips/library.h"
#include "image/vips/reader.h"
#include "image/vips/writer.h"

namespace mantissa::image {
namespace {

class VipsCodec final : public Codec {
 public:
  [[nodiscard]] Result<std::unique_ptr<PictureReader>> open(const std::filesystem::path& path) override {
    MANTISSA_TRY(start_vips());
    return open_with_vips(path).in("picture " + path.string());
  }

  [[nodiscard]] Result<std::unique_ptr<PictureWriter>> create(const std::filesystem::path& path,
                                                              const PictureInfo& info,
                                                              const WriteOptions& options) override {
    MANTISSA_TRY(start_vips());
    return create_with_vips(path, info, options).in("picture " + path.string());
  }
};

}  // namespace
}  // namespace mantissa::image

extern "C" void* mantissa_module_vips() {
  static mantissa::image::VipsCodec codec;
  return static_cast<mantissa::image::Codec*>(&codec);
}
