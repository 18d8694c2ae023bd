#include "base/digits.h"

#include <array>
#include <charconv>
#include <cmath>

namespace mantissa::base {

double rounded(double number, int digits) {
  if (!std::isfinite(number)) return number;
  std::array<char, 64> text;
  const auto written = std::to_chars(text.begin(), text.end(), number, std::chars_format::scientific, digits - 1);
  double result = number;
  std::from_chars(text.begin(), written.ptr, result);
  return result;
}

}  // namespace mantissa::base
