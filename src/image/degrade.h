// Makes the picture that a network gets from the clean one that it should give back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "image/picture.h"
#include "mantissa/result.h"

namespace mantissa::image {

// "bicubic:4" (reduced by 4, rounded to 8 bits), "noise:25" (Gaussian, standard deviation 25/255, neither clipped nor
// rounded), "none".
struct Degradation {
  enum class Kind { none, bicubic, noise } kind = Kind::none;
  int factor = 1;   // bicubic
  float sigma = 0;  // noise, in 8-bit levels

  [[nodiscard]] std::string text() const;  // as it was typed
};

// Errors (usage): an unknown kind, a factor outside 2..16, a sigma outside 0..255.
[[nodiscard]] Result<Degradation> parse_degradation(std::string_view text);

struct Pair {
  Picture input;
  Picture truth;  // cropped to a multiple of the factor; both are empty for a picture smaller than that
};

// The same picture, degradation and seed give the same pair on every machine.
[[nodiscard]] Pair degrade(const Picture& clean, const Degradation& degradation, std::uint64_t seed);

}  // namespace mantissa::image
