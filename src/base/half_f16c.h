// float16 with the conversion instructions of x86 (F16C), eight numbers at a time.
//
// Each function does the first elements of a run and returns how many: a multiple of 8, or 0 where the processor lacks
// F16C. The caller does the rest one by one; results are the same bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/numbers.h"

namespace mantissa::base {

// `halves` and `floats` hold equally many numbers; `halves` need not be aligned.
std::size_t halves_to_floats_f16c(std::span<const std::byte> halves, std::span<float> floats);
std::size_t floats_to_halves_f16c(std::span<const float> floats, std::span<std::uint16_t> halves, Overflow overflow);
std::size_t round_to_half_f16c(std::span<float> values, Overflow overflow);

}  // namespace mantissa::base
