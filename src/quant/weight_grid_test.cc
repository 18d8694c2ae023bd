#include "quant/weight_grid.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/numbers.h"

namespace mantissa::quant {
namespace {

class Float8 : public testing::TestWithParam<base::NumberFormat> {};
INSTANTIATE_TEST_SUITE_P(Formats, Float8,
                         testing::Values(base::NumberFormat::float8_e4m3fn, base::NumberFormat::float8_e5m2),
                         [](const auto& format) { return std::string(base::name_of(format.param)); });

// Every half, which holds all ties between two float8 and much between.
TEST_P(Float8, RoundsAsTheNumberFormatDoes) {
  const GridRounding round({GetParam(), base::largest_of(GetParam())});
  for (std::uint32_t pattern = 0; pattern < 0x10000; ++pattern) {
    const float wanted = base::half_to_float(static_cast<std::uint16_t>(pattern));
    if (!std::isfinite(wanted)) continue;
    const base::Bytes bytes = base::from_floats(GetParam(), std::vector{wanted});
    ASSERT_EQ(round(wanted), base::to_floats(GetParam(), bytes, 1).value()[0]) << wanted;
  }
}

TEST(Integers, AreRoundedToEvenAndHeld) {
  const GridRounding round({base::NumberFormat::int8, 63});
  EXPECT_EQ(round(2.5F), 2);
  EXPECT_EQ(round(-3.5F), -4);
  EXPECT_EQ(round(62.9F), 63);
  EXPECT_EQ(round(1e9F), 63);
  EXPECT_EQ(round(-64), -63);
}

}  // namespace
}  // namespace mantissa::quant
