#include "base/half_f16c.h"

#include "base/cpu.h"

#if defined(__x86_64__)

#include <immintrin.h>

// Only these functions use the instructions, so that the library runs on processors without them.
#define MANTISSA_F16C __attribute__((target("avx,f16c")))

namespace mantissa::base {
namespace {

std::size_t eights(std::size_t count) { return cpu().f16c ? count / 8 * 8 : 0; }

// min and max return their second operand when one is NaN, which keeps it.
MANTISSA_F16C __m128i to_halves(__m256 values, Overflow overflow) {
  if (overflow == Overflow::saturate) {
    const __m256 largest = _mm256_set1_ps(65504.0F);
    values = _mm256_min_ps(largest, _mm256_max_ps(_mm256_sub_ps(_mm256_setzero_ps(), largest), values));
  }
  return _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

MANTISSA_F16C void decode(const std::byte* halves, float* floats, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 8) {
    const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + 2 * i));
    _mm256_storeu_ps(floats + i, _mm256_cvtph_ps(eight));
  }
}

MANTISSA_F16C void encode(const float* floats, std::uint16_t* halves, std::size_t count, Overflow overflow) {
  for (std::size_t i = 0; i < count; i += 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i), to_halves(_mm256_loadu_ps(floats + i), overflow));
  }
}

MANTISSA_F16C void round(float* values, std::size_t count, Overflow overflow) {
  for (std::size_t i = 0; i < count; i += 8) {
    _mm256_storeu_ps(values + i, _mm256_cvtph_ps(to_halves(_mm256_loadu_ps(values + i), overflow)));
  }
}

}  // namespace

std::size_t halves_to_floats_f16c(std::span<const std::byte> halves, std::span<float> floats) {
  const std::size_t count = eights(floats.size());
  if (count != 0) decode(halves.data(), floats.data(), count);
  return count;
}

std::size_t floats_to_halves_f16c(std::span<const float> floats, std::span<std::uint16_t> halves, Overflow overflow) {
  const std::size_t count = eights(floats.size());
  if (count != 0) encode(floats.data(), halves.data(), count, overflow);
  return count;
}

std::size_t round_to_half_f16c(std::span<float> values, Overflow overflow) {
  const std::size_t count = eights(values.size());
  if (count != 0) round(values.data(), count, overflow);
  return count;
}

}  // namespace mantissa::base

#else

namespace mantissa::base {

std::size_t halves_to_floats_f16c(std::span<const std::byte>, std::span<float>) { return 0; }
std::size_t floats_to_halves_f16c(std::span<const float>, std::span<std::uint16_t>, Overflow) { return 0; }
std::size_t round_to_half_f16c(std::span<float>, Overflow) { return 0; }

}  // namespace mantissa::base

#endif
