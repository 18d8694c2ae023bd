// Figures for people and files, without the digits that are noise.
#pragma once

namespace mantissa::base {

// Times change in the third digit from run to run.
inline constexpr int kDigitsOfTime = 4;
// Of a PSNR of 30 dB, the sixth digit is 0.0001 dB.
inline constexpr int kDigitsOfFigure = 6;

// The number with so many significant digits; NaN and infinity as they are.
[[nodiscard]] double rounded(double number, int digits);

}  // namespace mantissa::base
