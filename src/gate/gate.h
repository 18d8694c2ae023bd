// The gate: what a variant may lose, measured on pictures as users see them.
#pragma once

#include <string_view>

#include "format/manifest.h"
#include "image/picture.h"

namespace mantissa::gate {

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

inline constexpr int kTile = 64;                // side of the squares that are judged by themselves
inline constexpr int kEnoughPictures = 5;       // fewer make weak evidence
inline constexpr double kEnoughMegapixels = 1;  // of output

// Gathers the figures of one variant, picture by picture; nothing is kept but sums and extremes.
class Judge {
 public:
  // `border` pixels are left out on each side (the scale of the network).
  Judge(std::string variant, int border) : variant_(std::move(variant)), border_(border) {}

  // Outputs in 0..1 as they came, of equal size; they are clipped and rounded here. `truth` may be null, for all
  // pictures or for none.
  void add(const image::Picture& fp32, const image::Picture& variant, const image::Picture* truth);
  // The outputs for a flat black or a flat white input, where the input is flat as far as the network sees
  // (docs/decisions/ has why).
  void add_flat(const image::Picture& fp32, const image::Picture& variant, bool white);

  // `kind`: "executed" or "emulated"; `provider`: by which.
  [[nodiscard]] format::Verdict verdict(std::string kind, std::string provider) const;

 private:
  std::string variant_;
  int border_;
  format::Figures sums_;  // means hold sums until verdict()
  bool started_ = false;
};

}  // namespace mantissa::gate
