// Measures of how much two pictures differ. Values are nominally 0..1.
#pragma once

#include <vector>

#include "image/picture.h"

namespace mantissa::image {

// Peak signal-to-noise ratio in dB over all channels, peak 1, the outer `border` pixels left out on each side. Equal
// pictures give `kEqual`.
inline constexpr double kEqual = 99.0;
[[nodiscard]] double psnr(const Picture& a, const Picture& b, int border = 0);
// The PSNR of a mean squared difference: minus infinity where that is not finite.
[[nodiscard]] double psnr_of(double error);
// The lowest PSNR of the `tile` x `tile` squares, which lie side by side from the top left corner; the last ones are
// moved inward. A picture smaller than a tile is one tile.
[[nodiscard]] double worst_tile_psnr(const Picture& a, const Picture& b, int tile, int border = 0);
// The mean squared difference of each of these squares.
[[nodiscard]] std::vector<double> tile_errors(const Picture& a, const Picture& b, int tile, int border = 0);
// The difference of each channel's mean, a - b, in 8-bit levels.
[[nodiscard]] std::vector<double> channel_shifts(const Picture& a, const Picture& b);
// The largest absolute difference of a channel's mean, in 8-bit levels; over the picture, or over the worst such
// square.
[[nodiscard]] double mean_shift(const Picture& a, const Picture& b, int border = 0);
[[nodiscard]] double worst_tile_mean_shift(const Picture& a, const Picture& b, int tile, int border = 0);
// Structural similarity (Wang et al. 2004): 11x11 Gaussian window of 1.5, K1 0.01, K2 0.03, mean over the valid region
// and channels.
[[nodiscard]] double ssim(const Picture& a, const Picture& b, int border = 0);
// The largest absolute difference of two samples, in 8-bit levels.
[[nodiscard]] double largest_difference(const Picture& a, const Picture& b);
[[nodiscard]] bool all_finite(const Picture& picture);

}  // namespace mantissa::image
