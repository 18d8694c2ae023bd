// What is lost where a network that sees the whole picture runs in tiles that are faded into each other.
#pragma once

#include <string>

namespace mantissa {

// How far pictures in such tiles are from the same pictures whole: fp32, PSNR in dB on 8-bit pictures.
struct TileError {
  int tile = 0;  // side, in input pixels
  int pictures = 0;
  double psnr = 0;        // mean
  double worst_psnr = 0;  // of a picture
  bool operator==(const TileError&) const = default;
};

// "in tiles of 256 the release's pictures came within 52.8 dB of the whole (worst of 5: 49.3 dB)"
[[nodiscard]] std::string text_of(const TileError& error);

}  // namespace mantissa
