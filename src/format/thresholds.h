// What a variant may lose: the numbers of the gate, which also decide whether a provider computes one correctly here.
#pragma once

#include <string_view>

namespace mantissa::format {

// What a variant must reach. Sources: the table in docs/gate.md.
struct Thresholds {
  double loss_percent = 0.5;        // of the means; only with true pictures
  double worst_loss_percent = 1.0;  // of a picture
  double psnr_to_fp32 = 38;         // dB, mean
  double worst_psnr_to_fp32 = 36;
  double worst_tile_psnr = 36;
  double mean_shift = 0.5;  // 8-bit levels
  double worst_tile_mean_shift = 1.5;
  double flat = 2;  // levels, on flat black and flat white
};

// For "int8", "fp8", "fp16", ... and whether there are true pictures. fp16 and bf16 must come closer to fp32 than
// integers.
[[nodiscard]] Thresholds thresholds_for(std::string_view variant, bool has_truth);

}  // namespace mantissa::format
