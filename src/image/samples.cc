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

MANTISSA_FOR_EACH_PROCESSOR void from_bytes(const std::uint8_t* in, float* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) / 255.0F;
}

MANTISSA_FOR_EACH_PROCESSOR void from_words(const std::uint16_t* in, float* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]) / 65535.0F;
}

// As to_level(), which would be a call here.
MANTISSA_FOR_EACH_PROCESSOR void to_bytes(const float* in, std::uint8_t* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float above = in[i] > 0.0F ? in[i] : 0.0F;
    out[i] = static_cast<std::uint8_t>(static_cast<int>((above < 1.0F ? above : 1.0F) * 255.0F + 0.5F));
  }
}

MANTISSA_FOR_EACH_PROCESSOR void to_words(const float* in, std::uint16_t* __restrict out, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const float above = in[i] > 0.0F ? in[i] : 0.0F;
    out[i] = static_cast<std::uint16_t>(static_cast<int>((above < 1.0F ? above : 1.0F) * 65535.0F + 0.5F));
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

}  // namespace

void unpack(const std::byte* samples, int bits, std::span<float* const> lines, std::size_t count) {
  assert(!lines.empty() && lines.size() <= kMostChannels);
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
