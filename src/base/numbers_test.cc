// The narrow floating formats against a definition of their own: values from sign, exponent and mantissa in double, and
// rounding by choosing between the two neighbours in the sorted list of all values.
#include "base/numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "base/cpu.h"
#include "base/narrow_float.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mantissa::base {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();

struct Format {
  NumberFormat name;
  int exponent_bits;
  int mantissa_bits;
  bool has_infinity;
  std::function<std::uint32_t(float, Overflow)> encode;
  std::function<float(std::uint32_t)> decode;
  std::function<float(float, Overflow)> round;

  [[nodiscard]] int bits() const { return 1 + exponent_bits + mantissa_bits; }
  [[nodiscard]] std::uint32_t sign_bit() const { return 1U << (bits() - 1); }

  // The definition.
  [[nodiscard]] double value_of(std::uint32_t code) const {
    const double sign = (code & sign_bit()) != 0 ? -1 : 1;
    const std::uint32_t magnitude = code & (sign_bit() - 1);
    const int highest = (1 << exponent_bits) - 1;
    const int bias = highest / 2;
    const int exponent = static_cast<int>(magnitude >> mantissa_bits);
    const int mantissa = static_cast<int>(magnitude & ((1U << mantissa_bits) - 1));
    if (has_infinity && exponent == highest) {
      return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
    }
    if (!has_infinity && magnitude == sign_bit() - 1) return std::nan("");
    if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * std::ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
  }
};

template <class Narrow>
float round_by(float value, Overflow overflow) {
  if (overflow == Overflow::saturate) return Narrow::template round<Overflow::saturate>(value);
  return Narrow::template round<Overflow::infinity>(value);
}

std::vector<Format> formats() {
  const auto half = [](std::uint32_t code) { return half_to_float(static_cast<std::uint16_t>(code)); };
  const auto bfloat = [](std::uint32_t code) { return bfloat16_to_float(static_cast<std::uint16_t>(code)); };
  const auto e4m3 = [](std::uint32_t code) { return float8_e4m3fn_to_float(static_cast<std::uint8_t>(code)); };
  const auto e5m2 = [](std::uint32_t code) { return float8_e5m2_to_float(static_cast<std::uint8_t>(code)); };
  return {{NumberFormat::float16, 5, 10, true, float_to_half, half, round_by<Half>},
          {NumberFormat::bfloat16, 8, 7, true, float_to_bfloat16, bfloat, round_by<Bfloat16>},
          {NumberFormat::float8_e4m3fn, 4, 3, false, float_to_float8_e4m3fn, e4m3, round_by<Float8E4M3fn>},
          {NumberFormat::float8_e5m2, 5, 2, true, float_to_float8_e5m2, e5m2, round_by<Float8E5M2>}};
}

// All finite values that are not negative, in order.
class Table {
 public:
  explicit Table(const Format& format) : format_(format) {
    for (std::uint32_t code = 0; code < format.sign_bit(); ++code) {
      if (std::isfinite(format.value_of(code))) entries_.push_back({format.value_of(code), code});
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.value < b.value; });
  }

  // None for NaN, where more than one answer is right.
  [[nodiscard]] std::uint32_t nearest(float value, Overflow overflow) const {
    const std::uint32_t sign = std::signbit(value) ? format_.sign_bit() : 0;
    const double magnitude = std::fabs(static_cast<double>(value));
    const auto above = std::upper_bound(entries_.begin(), entries_.end(), magnitude,
                                        [](double wanted, const Entry& entry) { return wanted < entry.value; });
    const Entry& below = *(above - 1);
    if (above == entries_.end()) {
      // What would come next, had the format a larger exponent.
      const double step = below.value - (&below - 1)->value;
      if (!rounds_up(below, below.value + step, magnitude)) return sign | below.code;
      return sign | (overflow == Overflow::saturate ? below.code : below.code + 1);
    }
    return sign | (rounds_up(below, above->value, magnitude) ? above->code : below.code);
  }

  // The values, what lies just beside them, and what lies in and just beside the middle of two.
  [[nodiscard]] std::vector<float> interesting() const {
    std::vector<float> found = {infinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()};
    const auto add = [&found](double value) {
      const auto middle = static_cast<float>(value);
      for (const float each : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, infinity)})
        found.push_back(each);
    };
    for (std::size_t i = 0; i + 1 < entries_.size(); ++i) {
      add(entries_[i].value);
      add((entries_[i].value + entries_[i + 1].value) / 2);
    }
    const double largest = entries_.back().value;
    const double step = largest - entries_[entries_.size() - 2].value;
    for (const double parts : {0.0, 0.5, 1.0, 1.5, 2.0}) add(largest + parts * step);
    const std::size_t count = found.size();
    for (std::size_t i = 0; i < count; ++i) found.push_back(-found[i]);
    return found;
  }

 private:
  struct Entry {
    double value;
    std::uint32_t code;
  };

  static bool rounds_up(const Entry& below, double above, double value) {
    const double middle = (below.value + above) / 2;
    return value > middle || (value == middle && below.code % 2 == 1);
  }

  const Format& format_;
  std::vector<Entry> entries_;
};

std::vector<float> random_floats(std::size_t count) {
  std::mt19937 random(20240607);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    // Half of them any bit pattern; half of them of the sizes that networks hold.
    const auto any = static_cast<std::uint32_t>(random());
    values[i] = i % 2 == 0 ? std::bit_cast<float>(any)
                           : std::ldexp(static_cast<float>(any) - 0x1p31F, static_cast<int>(any % 40) - 50);
  }
  return values;
}

std::uint32_t bits_of_float(float value) { return std::bit_cast<std::uint32_t>(value); }

TEST(Numbers, EveryPatternHasTheValueOfItsDefinition) {
  for (const Format& format : formats()) {
    for (std::uint32_t code = 0; code < (1U << format.bits()); ++code) {
      const double expected = format.value_of(code);
      const float value = format.decode(code);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(value)) << name_of(format.name) << " " << code;
        ASSERT_EQ(std::signbit(value), (code & format.sign_bit()) != 0) << name_of(format.name) << " " << code;
        ASSERT_TRUE(std::isnan(format.decode(format.encode(value, Overflow::saturate))))
            << name_of(format.name) << " " << code;
      } else {
        ASSERT_EQ(bits_of_float(value), bits_of_float(static_cast<float>(expected)))
            << name_of(format.name) << " " << code;
        ASSERT_EQ(format.encode(value, Overflow::infinity), code) << name_of(format.name);
      }
    }
  }
}

TEST(Numbers, RoundsToTheNearestNeighbourAndTiesToEven) {
  for (const Format& format : formats()) {
    const Table table(format);
    std::vector<float> values = table.interesting();
    for (const float value : random_floats(200'000)) values.push_back(value);
    for (const float value : values) {
      for (const Overflow overflow : {Overflow::infinity, Overflow::saturate}) {
        const std::uint32_t code = format.encode(value, overflow);
        if (std::isnan(value)) {
          ASSERT_TRUE(std::isnan(format.value_of(code))) << name_of(format.name);
        } else {
          ASSERT_EQ(code, table.nearest(value, overflow)) << name_of(format.name) << " of " << std::hexfloat << value;
        }
      }
    }
  }
}

TEST(Numbers, RoundToIsDecodeOfEncode) {
  for (const Format& format : formats()) {
    std::vector<float> values = Table(format).interesting();
    for (const float value : random_floats(100'003)) values.push_back(value);
    for (const std::uint32_t nan : {0x7F800001U, 0xFFFFFFFFU, 0x7FC00000U, 0xFFABCDEFU})
      values.push_back(std::bit_cast<float>(nan));
    for (const Overflow overflow : {Overflow::infinity, Overflow::saturate}) {
      std::vector<float> rounded = values;
      // Not from the start, so that vector code meets addresses that are not multiples of its size.
      round_to(format.name, overflow, std::span(rounded).subspan(1));
      ASSERT_EQ(bits_of_float(rounded[0]), bits_of_float(values[0]));
      for (std::size_t i = 1; i < values.size(); ++i) {
        const std::uint32_t expected = bits_of_float(format.decode(format.encode(values[i], overflow)));
        ASSERT_EQ(bits_of_float(rounded[i]), expected) << name_of(format.name) << " of " << std::hexfloat << values[i];
        // The path for processors without an instruction for it.
        ASSERT_EQ(bits_of_float(format.round(values[i], overflow)), expected)
            << name_of(format.name) << " of " << std::hexfloat << values[i];
      }
    }
  }
}

TEST(Numbers, RoundToDoesEveryLength) {
  for (std::size_t length = 0; length < 40; ++length) {
    std::vector<float> values(length, 1.0F + 0x1p-20F);
    round_to(NumberFormat::float16, Overflow::infinity, values);
    EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float value) { return value == 1.0F; })) << length;
    std::fill(values.begin(), values.end(), 1.0F + 0x1p-20F);
    round_to(NumberFormat::float8_e4m3fn, Overflow::infinity, values);
    EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float value) { return value == 1.0F; })) << length;
  }
}

TEST(Numbers, OverflowBeginsHalfAStepAboveTheLargest) {
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(-65520.0F), 0xFC00);
  EXPECT_EQ(float_to_half(65520.0F, Overflow::saturate), 0x7BFF);
  EXPECT_EQ(float_to_half(-infinity, Overflow::saturate), 0xFBFF);
  EXPECT_EQ(float_to_bfloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(float_to_bfloat16(std::numeric_limits<float>::max(), Overflow::saturate), 0x7F7F);
  EXPECT_EQ(float_to_float8_e4m3fn(448.0F, Overflow::infinity), 0x7E);
  EXPECT_EQ(float_to_float8_e4m3fn(464.0F, Overflow::infinity), 0x7E);  // a tie; 0x7E is even
  EXPECT_EQ(float_to_float8_e4m3fn(std::nextafter(464.0F, 500.0F), Overflow::infinity), 0x7F);
  EXPECT_EQ(float_to_float8_e4m3fn(480.0F, Overflow::infinity), 0x7F);
  EXPECT_EQ(float_to_float8_e4m3fn(-infinity, Overflow::infinity), 0xFF);
  EXPECT_EQ(float_to_float8_e4m3fn(480.0F), 0x7E);
  EXPECT_EQ(float_to_float8_e4m3fn(-infinity), 0xFE);
  EXPECT_EQ(float_to_float8_e5m2(61439.0F, Overflow::infinity), 0x7B);
  EXPECT_EQ(float_to_float8_e5m2(61440.0F, Overflow::infinity), 0x7C);  // a tie; 0x7B is odd
  EXPECT_EQ(float_to_float8_e5m2(infinity), 0x7B);
}

TEST(Numbers, KeepsTheSignOfZero) {
  EXPECT_EQ(float_to_half(-0.0F), 0x8000);
  EXPECT_EQ(float_to_half(-1e-30F), 0x8000);
  EXPECT_EQ(float_to_bfloat16(-0.0F), 0x8000);
  EXPECT_EQ(float_to_float8_e4m3fn(-0.0F), 0x80);
  EXPECT_EQ(float_to_float8_e5m2(-1e-30F), 0x80);
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
}

TEST(Numbers, NanStaysNanEvenWithAPayloadInItsLowestBitOnly) {
  const auto nan = std::bit_cast<float>(0x7F800001U);
  EXPECT_EQ(float_to_half(nan) & 0x7E00, 0x7E00);
  EXPECT_EQ(float_to_bfloat16(nan) & 0x7FC0, 0x7FC0);
  EXPECT_EQ(float_to_float8_e4m3fn(nan), 0x7F);
  EXPECT_EQ(float_to_float8_e5m2(nan) & 0x7E, 0x7E);
}

TEST(Numbers, KnowsTheLargest) {
  EXPECT_EQ(largest_of(NumberFormat::float16), 65504.0F);
  EXPECT_EQ(largest_of(NumberFormat::bfloat16), 0x1.FEp127F);
  EXPECT_EQ(largest_of(NumberFormat::float8_e4m3fn), 448.0F);
  EXPECT_EQ(largest_of(NumberFormat::float8_e5m2), 57344.0F);
  EXPECT_EQ(largest_of(NumberFormat::float32), std::numeric_limits<float>::max());
}

#if defined(__x86_64__)

__attribute__((target("avx,f16c"))) std::uint16_t half_by_instruction(float value) {
  return static_cast<std::uint16_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(value), _MM_FROUND_TO_NEAREST_INT), 0));
}

__attribute__((target("avx,f16c"))) float float_by_instruction(std::uint16_t half) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

TEST(Numbers, AgreesWithTheInstructionsOfTheProcessor) {
  if (!cpu().f16c) GTEST_SKIP() << "this processor has no F16C";
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const auto code = static_cast<std::uint16_t>(half);
    ASSERT_EQ(bits_of_float(half_to_float(code)), bits_of_float(float_by_instruction(code))) << half;
  }
  for (const float value : random_floats(1'000'000)) {
    ASSERT_EQ(float_to_half(value), half_by_instruction(value)) << std::hexfloat << value;
  }
}

#endif

std::vector<int> bytes_in(const Bytes& bytes) {
  std::vector<int> found;
  for (const std::byte byte : bytes.span()) found.push_back(std::to_integer<int>(byte));
  return found;
}

TEST(Numbers, PacksFourBitsFirstInTheLowNibble) {
  const std::vector<float> numbers = {1, -2, 7};
  EXPECT_EQ(bytes_in(from_floats(NumberFormat::int4, numbers)), (std::vector{0xE1, 0x07}));
  EXPECT_EQ(*to_floats(NumberFormat::int4, from_floats(NumberFormat::int4, numbers), 3), numbers);
  const std::vector<float> beyond = {-9, 8, 100, -100, infinity, -infinity, quiet_nan, 2.5F};
  EXPECT_EQ(*to_floats(NumberFormat::int4, from_floats(NumberFormat::int4, beyond), 8),
            (std::vector<float>{-8, 7, 7, -8, 7, -8, 0, 2}));
  EXPECT_EQ(*to_floats(NumberFormat::uint4, from_floats(NumberFormat::uint4, beyond), 8),
            (std::vector<float>{0, 8, 15, 0, 15, 0, 0, 2}));
}

TEST(Numbers, IntegersRoundToEvenAndSaturate) {
  const std::vector<float> values = {0.5F,   1.5F,    2.5F,  -0.5F,  -1.5F,     126.5F,
                                     127.5F, -128.5F, 1e30F, -1e30F, quiet_nan, infinity};
  EXPECT_EQ(*to_floats(NumberFormat::int8, from_floats(NumberFormat::int8, values), values.size()),
            (std::vector<float>{0, 2, 2, 0, -2, 126, 127, -128, 127, -128, 0, 127}));
  EXPECT_EQ(*to_floats(NumberFormat::uint8, from_floats(NumberFormat::uint8, values), values.size()),
            (std::vector<float>{0, 2, 2, 0, 0, 126, 128, 0, 255, 0, 0, 255}));
}

template <class Integer>
void expect_saturation(NumberFormat format) {
  const std::vector<float> values = {1e30F, -1e30F, static_cast<float>(std::numeric_limits<Integer>::max()), 3,
                                     quiet_nan};
  const Bytes bytes = from_floats(format, values);
  ASSERT_EQ(bytes.size(), values.size() * sizeof(Integer)) << name_of(format);
  const auto* numbers = reinterpret_cast<const Integer*>(bytes.data());
  EXPECT_EQ(numbers[0], std::numeric_limits<Integer>::max()) << name_of(format);
  EXPECT_EQ(numbers[1], std::numeric_limits<Integer>::lowest()) << name_of(format);
  EXPECT_EQ(numbers[2], std::numeric_limits<Integer>::max()) << name_of(format);
  EXPECT_EQ(numbers[3], Integer{3}) << name_of(format);
  EXPECT_EQ(numbers[4], Integer{0}) << name_of(format);
}

TEST(Numbers, EveryIntegerFormatSaturates) {
  expect_saturation<std::int8_t>(NumberFormat::int8);
  expect_saturation<std::uint8_t>(NumberFormat::uint8);
  expect_saturation<std::int16_t>(NumberFormat::int16);
  expect_saturation<std::uint16_t>(NumberFormat::uint16);
  expect_saturation<std::int32_t>(NumberFormat::int32);
  expect_saturation<std::uint32_t>(NumberFormat::uint32);
  expect_saturation<std::int64_t>(NumberFormat::int64);
  expect_saturation<std::uint64_t>(NumberFormat::uint64);
}

TEST(Numbers, SmallNumbersSurviveEveryFormat) {
  const std::vector<float> values = {0, 1, 2, 3, 4, 5, 6, 7, 1, 0, 3};
  for (int i = 0; i < static_cast<int>(NumberFormat::boolean); ++i) {
    const auto format = static_cast<NumberFormat>(i);
    const Bytes bytes = from_floats(format, values);
    EXPECT_EQ(bytes.size(), bytes_of(format, values.size())) << name_of(format);
    const auto read = to_floats(format, bytes, values.size());
    ASSERT_TRUE(read.ok()) << name_of(format);
    EXPECT_EQ(*read, values) << name_of(format);
  }
  EXPECT_EQ(bytes_in(from_floats(NumberFormat::boolean, values)), (std::vector{0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1}));
}

TEST(Numbers, ManyHalvesAreReadFromAnyAddressAndWrittenAsOneByOne) {
  const std::vector<float> values = random_floats(1003);
  std::vector<std::byte> shifted(1);
  const Bytes written = from_floats(NumberFormat::float16, values, Overflow::infinity);
  shifted.insert(shifted.end(), written.span().begin(), written.span().end());
  const auto read = to_floats(NumberFormat::float16, Bytes::take(shifted).part(1, written.size()), values.size());
  ASSERT_TRUE(read.ok());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(bits_of_float((*read)[i]), bits_of_float(half_to_float(float_to_half(values[i])))) << values[i];
  }
  const Bytes saturated = from_floats(NumberFormat::float16, std::vector<float>(9, -1e9F));
  EXPECT_EQ(*to_floats(NumberFormat::float16, saturated, 9), std::vector<float>(9, -65504.0F));
}

TEST(Numbers, RefusesTooFewBytesAndText) {
  const Bytes four = Bytes::take(std::vector<std::uint8_t>(4));
  EXPECT_TRUE(to_floats(NumberFormat::float32, four, 1).ok());
  const auto missing = to_floats(NumberFormat::float32, four, 2);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message(), "there are 4 bytes, too few for 2 numbers of float32.");
  EXPECT_FALSE(to_floats(NumberFormat::int4, four, 9).ok());
  // A count whose bytes do not fit into 64 bits must not look small.
  EXPECT_FALSE(to_floats(NumberFormat::float32, four, std::size_t{1} << 62).ok());
  EXPECT_FALSE(to_floats(NumberFormat::string, four, 1).ok());
}

}  // namespace
}  // namespace mantissa::base
