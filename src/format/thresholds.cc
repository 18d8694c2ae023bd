#include "format/thresholds.h"

#include <algorithm>

namespace mantissa::format {

Thresholds thresholds_for(std::string_view variant, bool has_truth) {
  Thresholds t;
  if (!has_truth) {
    t.psnr_to_fp32 = 45;
    t.worst_psnr_to_fp32 = 42;
    t.worst_tile_psnr = 38;
  }
  if (variant == "fp16") t.psnr_to_fp32 = 50;
  if (variant == "bf16") t.psnr_to_fp32 = std::max(t.psnr_to_fp32, 42.0);
  return t;
}

}  // namespace mantissa::format
