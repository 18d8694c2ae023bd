#include "image/normal.h"

#include <cmath>

namespace mantissa::image {
namespace {

// The output function of SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014), with
// Stafford's constants.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

// Strictly between 0 and 1, on a grid that is symmetric about 1/2.
double uniform(std::uint64_t seed, std::uint64_t index) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;  // SplitMix64's increment
  const std::uint64_t bits = mix(mix(seed + kGolden) + (index + 1) * kGolden);
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

// The natural logarithm of 0 < x < 1, to about 1e-15: x = m 2^e with m in [1/sqrt 2, sqrt 2), ln m = 2 artanh((m - 1) /
// (m + 1)).
double logarithm(double x) {
  constexpr double kLn2 = 0.693147180559945309417;
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact
  if (mantissa < 0.707106781186547524401) {
    mantissa *= 2;
    --exponent;
  }
  const double t = (mantissa - 1) / (mantissa + 1);  // at most 0.172 in size, so that t^23 is below 1e-17
  const double square = t * t;
  double series = 0;
  for (int odd = 21; odd >= 1; odd -= 2) series = series * square + 1.0 / odd;
  return exponent * kLn2 + 2 * t * series;
}

// Numerator and denominator of degree 7, lowest power first.
struct Rational {
  double numerator[8];
  double denominator[8];
  [[nodiscard]] double operator()(double x) const {
    double above = 0, below = 0;
    for (int power = 7; power >= 0; --power) {
      above = above * x + numerator[power];
      below = below * x + denominator[power];
    }
    return above / below;
  }
};

// Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988), function PPND16: relative
// accuracy 1e-16.
constexpr Rational kCentral{
    {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
     4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3},
    {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3, 2.1213794301586595867e+4,
     3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3}};
constexpr Rational kTail{
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
constexpr Rational kFarTail{
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15}};

}  // namespace

double inverse_normal(double probability) {
  const double centred = probability - 0.5;
  if (std::abs(centred) <= 0.425) return centred * kCentral(0.180625 - centred * centred);
  const double r = std::sqrt(-logarithm(centred < 0 ? probability : 1 - probability));
  const double value = r <= 5 ? kTail(r - 1.6) : kFarTail(r - 5);
  return centred < 0 ? -value : value;
}

double standard_normal(std::uint64_t seed, std::uint64_t index) { return inverse_normal(uniform(seed, index)); }

}  // namespace mantissa::image
