#include "image/samples.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "base/for_each_processor.h"

namespace mantissa::image {
namespace {

// Pixels that are worked on at once: as floats, four channels of them fit into the nearest cache.
constexpr std::size_t kPixelsAtOnce = 512;
constexpr std::size_t kMostChannels = 4;

// The same as a division by 255 for each of the 256 values, at less than its time: the product is one rounding away,
// and what it lacks is made up for.
MANTISSA_FOR_EACH_PROCESSOR void from_bytes(const std::uint8_t* in, float* __restrict out, std::size_t count) {
  constexpr float kLevel = 1.0F / 255.0F;
  for (std::size_t i = 0; i < count; ++i) {
    const auto level = static_cast<float>(in[i]);
    const float near = level * kLevel;
    out[i] = near + (level - near * 255.0F) * kLevel;
  }
}

MANTISSA_FOR_EACH_PROCESSOR void from_words(const std::uint16_t* in, float* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) / 65535.0F;
}

// As to_level(), which would be a call here. Clipped after it is scaled: GCC would scale under a mask otherwise, which
// takes five times as long with AVX2.
MANTISSA_FOR_EACH_PROCESSOR void to_bytes(const float* in, std::uint8_t* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float level = in[i] * 255.0F + 0.5F;
    const float above = level > 0.5F ? level : 0.5F;
    out[i] = static_cast<std::uint8_t>(static_cast<int>(above < 255.5F ? above : 255.5F));
  }
}

MANTISSA_FOR_EACH_PROCESSOR void to_words(const float* in, std::uint16_t* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float level = in[i] * 65535.0F + 0.5F;
    const float above = level > 0.5F ? level : 0.5F;
    out[i] = static_cast<std::uint16_t>(static_cast<int>(above < 65535.5F ? above : 65535.5F));
  }
}

MANTISSA_FOR_EACH_PROCESSOR void part_three_bytes(const std::uint8_t* in, std::uint8_t* __restrict a,
                                                  std::uint8_t* __restrict b, std::uint8_t* __restrict c,
                                                  std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = in[3 * i];
    b[i] = in[3 * i + 1];
    c[i] = in[3 * i + 2];
  }
}

MANTISSA_FOR_EACH_PROCESSOR void join_three_bytes(const std::uint8_t* a, const std::uint8_t* b, const std::uint8_t* c,
                                                  std::uint8_t* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out[3 * i] = a[i];
    out[3 * i + 1] = b[i];
    out[3 * i + 2] = c[i];
  }
}

MANTISSA_FOR_EACH_PROCESSOR void part_three(const float* in, float* __restrict a, float* __restrict b,
                                            float* __restrict c, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = in[3 * i];
    b[i] = in[3 * i + 1];
    c[i] = in[3 * i + 2];
  }
}

MANTISSA_FOR_EACH_PROCESSOR void join_three(const float* a, const float* b, const float* c, float* __restrict out,
                                            std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out[3 * i] = a[i];
    out[3 * i + 1] = b[i];
    out[3 * i + 2] = c[i];
  }
}

void part(const float* in, std::span<float* const> lines, std::size_t from, std::size_t count) {
  if (lines.size() == 3) return part_three(in, lines[0] + from, lines[1] + from, lines[2] + from, count);
  for (std::size_t channel = 0; channel < lines.size(); ++channel)
    for (std::size_t i = 0; i < count; ++i) lines[channel][from + i] = in[i * lines.size() + channel];
}

void join(std::span<const float* const> lines, std::size_t from, float* out, std::size_t count) {
  if (lines.size() == 3) return join_three(lines[0] + from, lines[1] + from, lines[2] + from, out, count);
  for (std::size_t channel = 0; channel < lines.size(); ++channel)
    for (std::size_t i = 0; i < count; ++i) out[i * lines.size() + channel] = lines[channel][from + i];
}

void to_floats(const std::byte* samples, int bits, float* out, std::size_t count) {
  if (bits == 8) return from_bytes(reinterpret_cast<const std::uint8_t*>(samples), out, count);
  if (bits == 32) {
    std::memcpy(out, samples, count * sizeof(float));
    return;
  }
  std::array<std::uint16_t, kPixelsAtOnce * kMostChannels> words;  // a caller's may lie at an odd address
  std::memcpy(words.data(), samples, count * sizeof(std::uint16_t));
  from_words(words.data(), out, count);
}

void from_floats(const float* in, int bits, std::byte* samples, std::size_t count) {
  if (bits == 8) return to_bytes(in, reinterpret_cast<std::uint8_t*>(samples), count);
  if (bits == 32) {
    std::memcpy(samples, in, count * sizeof(float));
    return;
  }
  std::array<std::uint16_t, kPixelsAtOnce * kMostChannels> words;
  to_words(in, words.data(), count);
  std::memcpy(samples, words.data(), count * sizeof(std::uint16_t));
}

using ThreeLines = std::array<std::array<std::uint8_t, kPixelsAtOnce>, 3>;

// What nearly all files hold has a way of its own: bytes are taken apart and put together, of which a vector holds four
// times as many as of floats.
void unpack_rgb_bytes(const std::byte* samples, std::span<float* const> lines, std::size_t count) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(samples);
  ThreeLines parts;
  for (std::size_t from = 0; from < count; from += kPixelsAtOnce) {
    const std::size_t pixels = std::min(kPixelsAtOnce, count - from);
    part_three_bytes(bytes + 3 * from, parts[0].data(), parts[1].data(), parts[2].data(), pixels);
    for (std::size_t channel = 0; channel < 3; ++channel)
      from_bytes(parts[channel].data(), lines[channel] + from, pixels);
  }
}

void pack_rgb_bytes(std::span<const float* const> lines, std::byte* samples, std::size_t count) {
  auto* const bytes = reinterpret_cast<std::uint8_t*>(samples);
  ThreeLines parts;
  for (std::size_t from = 0; from < count; from += kPixelsAtOnce) {
    const std::size_t pixels = std::min(kPixelsAtOnce, count - from);
    for (std::size_t channel = 0; channel < 3; ++channel)
      to_bytes(lines[channel] + from, parts[channel].data(), pixels);
    join_three_bytes(parts[0].data(), parts[1].data(), parts[2].data(), bytes + 3 * from, pixels);
  }
}

}  // namespace

void unpack(const std::byte* samples, int bits, std::span<float* const> lines, std::size_t count) {
  assert(!lines.empty() && lines.size() <= kMostChannels);
  if (bits == 8 && lines.size() == 3) return unpack_rgb_bytes(samples, lines, count);
  const std::size_t bytes = lines.size() * static_cast<std::size_t>(bits / 8);
  std::array<float, kPixelsAtOnce * kMostChannels> joined;
  for (std::size_t from = 0; from < count; from += kPixelsAtOnce) {
    const std::size_t pixels = std::min(kPixelsAtOnce, count - from);
    float* const floats = lines.size() == 1 ? lines[0] + from : joined.data();
    to_floats(samples + from * bytes, bits, floats, pixels * lines.size());
    if (lines.size() > 1) part(floats, lines, from, pixels);
  }
}

void pack(std::span<const float* const> lines, int bits, std::byte* samples, std::size_t count) {
  assert(!lines.empty() && lines.size() <= kMostChannels);
  if (bits == 8 && lines.size() == 3) return pack_rgb_bytes(lines, samples, count);
  const std::size_t bytes = lines.size() * static_cast<std::size_t>(bits / 8);
  std::array<float, kPixelsAtOnce * kMostChannels> joined;
  for (std::size_t from = 0; from < count; from += kPixelsAtOnce) {
    const std::size_t pixels = std::min(kPixelsAtOnce, count - from);
    if (lines.size() > 1) join(lines, from, joined.data(), pixels);
    const float* const floats = lines.size() == 1 ? lines[0] + from : joined.data();
    from_floats(floats, bits, samples + from * bytes, pixels * lines.size());
  }
}

}  // namespace mantissa::image
