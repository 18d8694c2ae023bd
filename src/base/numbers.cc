#include "base/numbers.h"

#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/half_f16c.h"
#include "base/narrow_float.h"

namespace mantissa::base {
namespace {

// In blocks of a fixed length, which GCC vectorises at -O2 already.
template <class Format, Overflow overflow>
void round_each(std::span<float> values) {
  constexpr std::size_t block = 16;
  const std::size_t in_blocks = values.size() / block * block;
  for (std::size_t start = 0; start < in_blocks; start += block) {
    for (std::size_t i = 0; i < block; ++i) values[start + i] = Format::template round<overflow>(values[start + i]);
  }
  for (float& value : values.subspan(in_blocks)) value = Format::template round<overflow>(value);
}

template <class Format>
void round_each(std::span<float> values, Overflow overflow) {
  if (overflow == Overflow::saturate) return round_each<Format, Overflow::saturate>(values);
  return round_each<Format, Overflow::infinity>(values);
}

// `data` comes from files and may be unaligned.
template <class Stored, class Convert>
void read_each(const std::byte* data, std::span<float> values, Convert to_float) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, data + i * sizeof(Stored), sizeof(Stored));
    values[i] = to_float(stored);
  }
}

template <class Integer>
void read_integers(const std::byte* data, std::span<float> values) {
  read_each<Integer>(data, values, [](Integer stored) { return static_cast<float>(stored); });
}

void read_nibbles(const std::byte* data, std::span<float> values, bool with_sign) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto byte = std::to_integer<int>(data[i / 2]);
    const int nibble = i % 2 == 0 ? byte & 15 : byte >> 4;
    values[i] = static_cast<float>(with_sign && nibble > 7 ? nibble - 16 : nibble);
  }
}

template <class Stored, class Convert>
Bytes write_each(std::span<const float> values, Convert from_float) {
  std::vector<Stored> stored(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) stored[i] = static_cast<Stored>(from_float(values[i]));
  return Bytes::take(std::move(stored));
}

template <class Integer>
Integer to_integer(float value) {
  using Limits = std::numeric_limits<Integer>;
  // As a float the largest of 32 and 64 bits is one too many, so that equality means overflow too.
  if (value >= static_cast<float>(Limits::max())) return Limits::max();
  if (value <= static_cast<float>(Limits::lowest())) return Limits::lowest();
  if (std::isnan(value)) return 0;
  return static_cast<Integer>(std::nearbyint(value));
}

template <class Integer>
Bytes write_integers(std::span<const float> values) {
  return write_each<Integer>(values, to_integer<Integer>);
}

Bytes write_nibbles(std::span<const float> values, float lowest, float largest) {
  std::vector<std::uint8_t> packed(bytes_of(NumberFormat::int4, values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int nibble = to_integer<std::int8_t>(std::fmin(std::fmax(values[i], lowest), largest)) & 15;
    // fmin and fmax prefer a number to NaN, which is to become 0 here as for the other integers.
    const int kept = std::isnan(values[i]) ? 0 : nibble;
    packed[i / 2] = static_cast<std::uint8_t>(packed[i / 2] | (i % 2 == 0 ? kept : kept << 4));
  }
  return Bytes::take(std::move(packed));
}

void read_halves(std::span<const std::byte> data, std::span<float> values) {
  const std::size_t done = halves_to_floats_f16c(data, values);
  read_each<std::uint16_t>(data.data() + 2 * done, values.subspan(done), half_to_float);
}

Bytes write_halves(std::span<const float> values, Overflow overflow) {
  std::vector<std::uint16_t> halves(values.size());
  for (std::size_t i = floats_to_halves_f16c(values, halves, overflow); i < values.size(); ++i)
    halves[i] = float_to_half(values[i], overflow);
  return Bytes::take(std::move(halves));
}

}  // namespace

std::uint16_t float_to_half(float value, Overflow overflow) {
  return static_cast<std::uint16_t>(Half::encode(value, overflow));
}
float half_to_float(std::uint16_t bits) { return Half::decode(bits); }
std::uint16_t float_to_bfloat16(float value, Overflow overflow) {
  return static_cast<std::uint16_t>(Bfloat16::encode(value, overflow));
}
float bfloat16_to_float(std::uint16_t bits) { return Bfloat16::decode(bits); }
std::uint8_t float_to_float8_e4m3fn(float value, Overflow overflow) {
  return static_cast<std::uint8_t>(Float8E4M3fn::encode(value, overflow));
}
float float8_e4m3fn_to_float(std::uint8_t bits) { return Float8E4M3fn::decode(bits); }
std::uint8_t float_to_float8_e5m2(float value, Overflow overflow) {
  return static_cast<std::uint8_t>(Float8E5M2::encode(value, overflow));
}
float float8_e5m2_to_float(std::uint8_t bits) { return Float8E5M2::decode(bits); }

float largest_of(NumberFormat floating) {
  switch (floating) {
    case NumberFormat::float16:
      return Half::decode(Half::largest);
    case NumberFormat::bfloat16:
      return Bfloat16::decode(Bfloat16::largest);
    case NumberFormat::float8_e4m3fn:
      return Float8E4M3fn::decode(Float8E4M3fn::largest);
    case NumberFormat::float8_e5m2:
      return Float8E5M2::decode(Float8E5M2::largest);
    default:
      assert(is_floating(floating));
      return std::numeric_limits<float>::max();
  }
}

void round_to(NumberFormat format, Overflow overflow, std::span<float> values) {
  switch (format) {
    case NumberFormat::float16:
      return round_each<Half>(values.subspan(round_to_half_f16c(values, overflow)), overflow);
    case NumberFormat::bfloat16:
      return round_each<Bfloat16>(values, overflow);
    case NumberFormat::float8_e4m3fn:
      return round_each<Float8E4M3fn>(values, overflow);
    case NumberFormat::float8_e5m2:
      return round_each<Float8E5M2>(values, overflow);
    default:
      assert(format == NumberFormat::float32 && "round_to() is for floating formats");
      return;
  }
}

Result<std::vector<float>> to_floats(NumberFormat format, const Bytes& bytes, std::size_t count) {
  if (format == NumberFormat::string) return bad_input("text cannot be read as numbers");
  // Before anything is allocated: `count` may come from a damaged file.
  if (bytes.size() < bytes_of(format, count)) {
    return bad_input("there are " + std::to_string(bytes.size()) + " bytes, too few for " + std::to_string(count) +
                     " numbers of " + std::string(name_of(format)));
  }
  std::vector<float> values(count);
  const std::byte* data = bytes.data();
  switch (format) {
    case NumberFormat::float32:
      read_each<float>(data, values, [](float stored) { return stored; });
      break;
    case NumberFormat::float64:
      read_each<double>(data, values, [](double stored) { return static_cast<float>(stored); });
      break;
    case NumberFormat::float16:
      read_halves(bytes.span(), values);
      break;
    case NumberFormat::bfloat16:
      read_each<std::uint16_t>(data, values, bfloat16_to_float);
      break;
    case NumberFormat::float8_e4m3fn:
      read_each<std::uint8_t>(data, values, float8_e4m3fn_to_float);
      break;
    case NumberFormat::float8_e5m2:
      read_each<std::uint8_t>(data, values, float8_e5m2_to_float);
      break;
    case NumberFormat::int4:
      read_nibbles(data, values, true);
      break;
    case NumberFormat::uint4:
      read_nibbles(data, values, false);
      break;
    case NumberFormat::int8:
      read_integers<std::int8_t>(data, values);
      break;
    case NumberFormat::uint8:
      read_integers<std::uint8_t>(data, values);
      break;
    case NumberFormat::int16:
      read_integers<std::int16_t>(data, values);
      break;
    case NumberFormat::uint16:
      read_integers<std::uint16_t>(data, values);
      break;
    case NumberFormat::int32:
      read_integers<std::int32_t>(data, values);
      break;
    case NumberFormat::uint32:
      read_integers<std::uint32_t>(data, values);
      break;
    case NumberFormat::int64:
      read_integers<std::int64_t>(data, values);
      break;
    case NumberFormat::uint64:
      read_integers<std::uint64_t>(data, values);
      break;
    case NumberFormat::boolean:
      read_each<std::uint8_t>(data, values, [](std::uint8_t stored) { return stored == 0 ? 0.0F : 1.0F; });
      break;
    case NumberFormat::string:
      break;
  }
  return values;
}

Bytes from_floats(NumberFormat format, std::span<const float> values, Overflow overflow) {
  switch (format) {
    case NumberFormat::float32:
      return Bytes::take(std::vector<float>(values.begin(), values.end()));
    case NumberFormat::float64:
      return write_each<double>(values, [](float value) { return static_cast<double>(value); });
    case NumberFormat::float16:
      return write_halves(values, overflow);
    case NumberFormat::bfloat16:
      return write_each<std::uint16_t>(values, [=](float value) { return float_to_bfloat16(value, overflow); });
    case NumberFormat::float8_e4m3fn:
      return write_each<std::uint8_t>(values, [=](float value) { return float_to_float8_e4m3fn(value, overflow); });
    case NumberFormat::float8_e5m2:
      return write_each<std::uint8_t>(values, [=](float value) { return float_to_float8_e5m2(value, overflow); });
    case NumberFormat::int4:
      return write_nibbles(values, -8, 7);
    case NumberFormat::uint4:
      return write_nibbles(values, 0, 15);
    case NumberFormat::int8:
      return write_integers<std::int8_t>(values);
    case NumberFormat::uint8:
      return write_integers<std::uint8_t>(values);
    case NumberFormat::int16:
      return write_integers<std::int16_t>(values);
    case NumberFormat::uint16:
      return write_integers<std::uint16_t>(values);
    case NumberFormat::int32:
      return write_integers<std::int32_t>(values);
    case NumberFormat::uint32:
      return write_integers<std::uint32_t>(values);
    case NumberFormat::int64:
      return write_integers<std::int64_t>(values);
    case NumberFormat::uint64:
      return write_integers<std::uint64_t>(values);
    case NumberFormat::boolean:
      return write_each<std::uint8_t>(values, [](float value) { return value != 0 ? 1 : 0; });
    case NumberFormat::string:
      break;
  }
  assert(false && "numbers cannot be written as text");
  return {};
}

}  // namespace mantissa::base
