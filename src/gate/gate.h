// The gate: what a variant may lose, measured on pictures as users see them.
#pragma once

#include <string>

#include "format/manifest.h"
#include "image/picture.h"

namespace mantissa::gate {

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
