// Gaussian noise that is the same number for number on every machine.
#pragma once

#include <cstdint>

namespace mantissa::image {

// The standard normal value number `index` of the stream that `seed` names. Any order, any thread.
//
// Only IEEE additions, multiplications, divisions and square roots are used, all of which every machine rounds alike
// (the build forbids fusing them); the logarithm of the C library, which is not, is replaced by a series.
[[nodiscard]] double standard_normal(std::uint64_t seed, std::uint64_t index);

// The value below which a standard normal variable lies with this probability, 0 < p < 1; relative accuracy about
// 1e-15.
[[nodiscard]] double inverse_normal(double probability);

}  // namespace mantissa::image
