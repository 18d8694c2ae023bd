// Decoded rows of a file, in strips of full width: decoded from top to bottom and kept only while they may be needed.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>
#include <vips/vips8>

#include "mantissa/result.h"

namespace mantissa::image {

struct Strip {
  int y = 0;
  int rows = 0;
  std::vector<std::byte> samples;  // interleaved, as libvips has them
};

// Opens the file as grey or RGB; `access` says whether rows will be asked for in order.
using OpenImage = Result<vips::VImage> (*)(const std::filesystem::path& path, VipsAccess access);

// For several threads: one decodes while others take what is decoded already.
class Strips {
 public:
  using Kept = std::shared_ptr<const Strip>;

  Strips(std::filesystem::path path, OpenImage open, vips::VImage sequential);

  // The strip that holds row `y`. Errors (bad_input): damaged or truncated data.
  [[nodiscard]] Result<Kept> at(int y);
  // Rows above `y` are not needed soon; those from `y` on are kept, whatever they take.
  void forget_above(int y);

  // Whether another strip can be decoded without giving up one that is kept.
  [[nodiscard]] bool has_room() const;

  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }

 private:
  [[nodiscard]] Kept find(int y) const;
  void keep(std::shared_ptr<Strip> strip);
  void drop_first();
  [[nodiscard]] std::vector<std::byte> take_spare();
  [[nodiscard]] Result<void> go_back(int y);
  [[nodiscard]] Result<Kept> decode(int y);

  std::filesystem::path path_;
  OpenImage open_;
  int strip_rows_;
  std::size_t row_bytes_;

  std::mutex decoder_;  // of the next four
  vips::VImage image_;
  bool random_access_ = false;
  int next_row_ = 0;               // of the sequential decoder
  std::int64_t rows_decoded_ = 0;  // over all passes

  mutable std::mutex mutex_;  // of the next four; the decoder's is never taken inside it
  int needed_from_ = 0;
  std::size_t bytes_kept_ = 0;
  std::deque<std::shared_ptr<Strip>> kept_;     // from top to bottom
  std::vector<std::vector<std::byte>> spares_;  // memory of strips that are not kept any more
};

}  // namespace mantissa::image
