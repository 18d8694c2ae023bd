// Interleaved samples, as files and callers have them, to one line of floats for each channel and back: the only place
// where numbers of a file are scaled, clipped and rounded.
#pragma once

#include <cstddef>
#include <span>

namespace mantissa::image {

// `count` pixels of lines.size() interleaved samples (1 to 4) of 8 or 16 bits, or float (32): integers become 0..1,
// floats stay as they are.
void unpack(const std::byte* samples, int bits, std::span<float* const> lines, std::size_t count);

// The other way: clipped to 0..1 and rounded half up for 8 and 16 bits (NaN gives 0), as they are for 32.
void pack(std::span<const float* const> lines, int bits, std::byte* samples, std::size_t count);

}  // namespace mantissa::image
