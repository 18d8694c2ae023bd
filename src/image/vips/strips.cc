#include "image/vips/strips.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "image/vips/library.h"

namespace mantissa::image {
namespace {

// libvips decodes 16 rows at a time (VIPS__FATSTRIP_HEIGHT); fewer calls for narrow pictures.
constexpr std::size_t kStripBytes = std::size_t{4} << 20;
constexpr int kLeastRows = 16;
constexpr int kMostRows = 256;
// Of rows that are read ahead, or that nobody asked for; a row of tiles, 1024 high, of a picture 87,000 pixels wide.
constexpr std::size_t kMostBytesKept = std::size_t{256} << 20;
// Beyond this many decodings of the whole picture, one into a temporary file is cheaper.
constexpr int kPasses = 3;

struct Unreference {
  void operator()(VipsRegion* region) const { g_object_unref(region); }
};

}  // namespace

Strips::Strips(std::filesystem::path path, OpenImage open, vips::VImage sequential)
    : path_(std::move(path)),
      open_(open),
      row_bytes_(VIPS_IMAGE_SIZEOF_LINE(sequential.get_image())),
      image_(std::move(sequential)) {
  const auto fitting = static_cast<int>(std::min<std::size_t>(kStripBytes / row_bytes_, kMostRows));
  strip_rows_ = std::max(kLeastRows, fitting / kLeastRows * kLeastRows);
}

Strips::Kept Strips::find(int y) const {
  const std::lock_guard lock(mutex_);
  for (const auto& strip : kept_) {
    if (y >= strip->y && y < strip->y + strip->rows) return strip;
  }
  return nullptr;
}

Result<Strips::Kept> Strips::at(int y) {
  if (Kept strip = find(y)) return strip;
  const std::lock_guard lock(decoder_);
  if (Kept strip = find(y)) return strip;  // decoded by another thread meanwhile
  if (!random_access_ && y < next_row_) MANTISSA_TRY(go_back(y));
  if (random_access_) return decode(y / strip_rows_ * strip_rows_);
  Kept strip;
  while (next_row_ <= y) {
    MANTISSA_ASSIGN(strip, decode(next_row_));
    next_row_ += strip->rows;
  }
  return strip;
}

bool Strips::has_room() const {
  const std::lock_guard lock(mutex_);
  return bytes_kept_ + row_bytes_ * static_cast<std::size_t>(strip_rows_) <= kMostBytesKept;
}

void Strips::forget_above(int y) {
  const std::lock_guard lock(mutex_);
  needed_from_ = y;
  while (!kept_.empty() && kept_.front()->y + kept_.front()->rows <= y) drop_first();
}

void Strips::keep(std::shared_ptr<Strip> strip) {
  const std::lock_guard lock(mutex_);
  const auto is_needed = [&](const Strip& each) { return each.y + each.rows > needed_from_; };
  while (!kept_.empty() && bytes_kept_ + strip->samples.size() > kMostBytesKept && !is_needed(*kept_.front()))
    drop_first();
  bytes_kept_ += strip->samples.size();
  const auto below = std::find_if(kept_.begin(), kept_.end(), [&](const auto& each) { return each->y > strip->y; });
  kept_.insert(below, std::move(strip));
}

// Under the lock.
void Strips::drop_first() {
  bytes_kept_ -= kept_.front()->samples.size();
  if (kept_.front().use_count() == 1) spares_.push_back(std::move(kept_.front()->samples));
  kept_.pop_front();
}

std::vector<std::byte> Strips::take_spare() {
  const std::lock_guard lock(mutex_);
  if (spares_.empty()) return {};
  std::vector<std::byte> spare = std::move(spares_.back());
  spares_.pop_back();
  return spare;
}

Result<void> Strips::go_back(int y) {
  {
    const std::lock_guard lock(mutex_);
    while (!kept_.empty()) drop_first();
  }
  random_access_ = rows_decoded_ + y > static_cast<std::int64_t>(kPasses) * image_.height();
  const int width = image_.width(), height = image_.height(), bands = image_.bands();
  const VipsBandFormat format = image_.format();
  MANTISSA_ASSIGN(image_, open_(path_, random_access_ ? VIPS_ACCESS_RANDOM : VIPS_ACCESS_SEQUENTIAL));
  if (image_.width() != width || image_.height() != height || image_.bands() != bands || image_.format() != format) {
    return bad_input("the file has changed while it was read");
  }
  next_row_ = 0;
  return {};
}

Result<Strips::Kept> Strips::decode(int y) {
  const int rows = std::min(strip_rows_, image_.height() - y);
  const VipsRect area{0, y, image_.width(), rows};
  const std::unique_ptr<VipsRegion, Unreference> region(vips_region_new(image_.get_image()));
  if (region == nullptr || vips_region_prepare(region.get(), &area) != 0) {
    return bad_input("the data is damaged or ends early in the rows " + std::to_string(y) + " to " +
                         std::to_string(y + rows - 1) + ": " + take_vips_complaint(),
                     "Get an undamaged copy");
  }
  const auto strip = std::make_shared<Strip>(Strip{y, rows, take_spare()});
  strip->samples.resize(row_bytes_ * static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    std::memcpy(strip->samples.data() + row_bytes_ * static_cast<std::size_t>(row),
                VIPS_REGION_ADDR(region.get(), 0, y + row), row_bytes_);
  }
  rows_decoded_ += rows;
  keep(strip);
  return Kept(strip);
}

}  // namespace mantissa::image
