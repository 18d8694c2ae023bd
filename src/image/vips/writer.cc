#include "image/vips/writer.h"

#include <cassert>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/system_error.h"
#include "image/samples.h"
#include "image/vips/attach.h"
#include "image/vips/library.h"
#include "image/vips/row_queue.h"
#include "image/vips/savers.h"

namespace mantissa::image {
namespace {

VipsBandFormat format_of(int bits) {
  return bits == 8 ? VIPS_FORMAT_UCHAR : bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_FLOAT;
}

VipsInterpretation interpretation_of(int channels, int bits) {
  if (bits == 16) return channels == 1 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16;
  if (bits == 32) return channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_scRGB;
  return channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
}

// What libvips takes rows from.
struct Source {
  RowQueue queue;
  int next_row = 0;
};

// Called by libvips for strips of full width, from top to bottom: one thread asks for them (image_of() sees to that).
int take_rows(VipsRegion* region, void* /*sequence*/, void* from, void* /*unused*/, gboolean* /*stop*/) {
  const VipsRect& area = region->valid;
  auto* const source = static_cast<Source*>(from);
  if (area.top != source->next_row || area.left != 0 || area.width != region->im->Xsize) {
    vips_error("mantissa", "row %d was asked for before row %d", area.top, source->next_row);
    return -1;
  }
  for (; source->next_row < area.top + area.height; ++source->next_row) {
    auto* const row = reinterpret_cast<std::byte*>(VIPS_REGION_ADDR(region, 0, source->next_row));
    if (!source->queue.take({row, VIPS_REGION_SIZEOF_LINE(region)})) {
      vips_error("mantissa", "the picture was given up at row %d", source->next_row);
      return -1;
    }
  }
  return 0;
}

vips::VImage image_of(Source& source, const PictureInfo& info, int bits, const Saver& saver) {
  vips::VImage image(vips_image_new());
  const int bands = info.channels + (info.has_alpha ? 1 : 0);
  vips_image_init_fields(image.get_image(), info.width, info.height, bands, format_of(bits), VIPS_CODING_NONE,
                         interpretation_of(info.channels, bits), 1.0, 1.0);
  attach(info.metadata, info.channels, saver, image);
  if (vips_image_pipelinev(image.get_image(), VIPS_DEMAND_STYLE_THINSTRIP, nullptr) != 0 ||
      vips_image_generate(image.get_image(), nullptr, take_rows, nullptr, &source, nullptr) != 0) {
    throw vips::VError();
  }
  // Rows are there already, and copied: one thread does that as fast as several, which would ask for them in any order,
  // and need a cache of three hundred rows to have them in order (vips_sequential).
  image.set(VIPS_META_CONCURRENCY, 1);
  return image;
}

class VipsWriter final : public PictureWriter {
 public:
  VipsWriter(std::filesystem::path path, base::AtomicFile file, const PictureInfo& info, const Saver& saver,
             const WriteOptions& options)
      : path_(std::move(path)),
        file_(std::move(file)),
        info_(info),
        bits_(bits_written(saver, info.bits)),
        row_bytes_(static_cast<std::size_t>(info.width) * static_cast<std::size_t>(bands()) *
                   static_cast<std::size_t>(bits_ / 8)),
        source_{RowQueue(row_bytes_)},
        encoder_([this, saver, options] { encode(saver, options); }) {}

  ~VipsWriter() override { join(); }
  VipsWriter(const VipsWriter&) = delete;
  VipsWriter& operator=(const VipsWriter&) = delete;

  [[nodiscard]] Result<void> begin_rows(int count) override {
    if (count > info_.height - rows_given_) return internal_error("more rows than the picture has were written");
    batch_ = source_.queue.take_spare();
    batch_.resize(row_bytes_ * static_cast<std::size_t>(count));
    rows_given_ += count;
    return {};
  }

  void put(int y, int x, Lines lines, std::size_t count) override {
    assert(lines.size() == static_cast<std::size_t>(bands()) && x + static_cast<int>(count) <= info_.width);
    const std::size_t pixel_bytes = row_bytes_ / static_cast<std::size_t>(info_.width);
    std::byte* const row = batch_.data() + row_bytes_ * static_cast<std::size_t>(y);
    pack(lines, bits_, row + pixel_bytes * static_cast<std::size_t>(x), count);
  }

  [[nodiscard]] Result<void> end_rows() override {
    return (source_.queue.put(std::exchange(batch_, {})) ? Result<void>() : failure()).in("picture " + path_.string());
  }

  [[nodiscard]] Result<void> finish() override { return end().in("picture " + path_.string()); }

 private:
  [[nodiscard]] int bands() const { return info_.channels + (info_.has_alpha ? 1 : 0); }

  Result<void> end() {
    if (rows_given_ != info_.height) return internal_error("a picture was finished before its last row");
    join();
    MANTISSA_TRY(encoded_);
    return file_.commit();
  }

  // On its own thread: pulls the rows through the encoder into the file.
  void encode(const Saver& saver, const WriteOptions& options) {
    encoded_ = guarded("the encoder fails",
                       [&] { save(saver, image_of(source_, info_, bits_, saver), file_.temporary_path(), options); });
    if (!encoded_) encoded_ = write_error(std::move(encoded_).error());
    source_.queue.taker_leaves();
    vips_thread_shutdown();
  }

  // A full disk is not the picture's fault: the same Error as for any other file.
  [[nodiscard]] Error write_error(Error error) const {
    for (const int cause : {ENOSPC, EDQUOT, EFBIG, EIO}) {
      if (error.what.find(std::strerror(cause)) == std::string::npos) continue;
      return base::system_error(ErrorCode::bad_input, "write", path_, cause);
    }
    error.code = ErrorCode::bad_input;
    return error;
  }

  Result<void> failure() {
    join();
    return encoded_.ok() ? Result<void>(internal_error("the encoder ended before the last row")) : encoded_;
  }

  void join() {
    source_.queue.giver_leaves();
    if (encoder_.joinable()) encoder_.join();
  }

  std::filesystem::path path_;
  base::AtomicFile file_;
  PictureInfo info_;
  int bits_;
  std::size_t row_bytes_;
  std::vector<std::byte> batch_;  // of rows that are being put together
  Source source_;
  int rows_given_ = 0;
  Result<void> encoded_;  // read after the encoder has ended
  std::thread encoder_;   // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<PictureWriter>> create_with_vips(const std::filesystem::path& path, const PictureInfo& info,
                                                        const WriteOptions& options) {
  if (info.width <= 0 || info.height <= 0 || (info.channels != 1 && info.channels != 3) ||
      (info.bits != 8 && info.bits != 16 && info.bits != 32)) {
    return internal_error("a picture of an impossible kind was to be written");
  }
  MANTISSA_ASSIGN(const Saver saver, choose_saver(path, info));
  MANTISSA_ASSIGN(auto file, base::AtomicFile::create(path));
  return std::unique_ptr<PictureWriter>(std::make_unique<VipsWriter>(path, std::move(file), info, saver, options));
}

}  // namespace mantissa::image
