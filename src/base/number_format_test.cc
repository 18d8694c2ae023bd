#include "base/number_format.h"

#include <gtest/gtest.h>

namespace mantissa::base {
namespace {

TEST(NumberFormat, EveryNameLeadsBackToItsFormat) {
  for (int i = 0; i <= static_cast<int>(NumberFormat::string); ++i) {
    const auto format = static_cast<NumberFormat>(i);
    EXPECT_EQ(number_format_named(name_of(format)), format) << name_of(format);
  }
  EXPECT_EQ(name_of(NumberFormat::float8_e4m3fn), "float8_e4m3fn");
  EXPECT_FALSE(number_format_named("float17"));
  EXPECT_FALSE(number_format_named(""));
}

TEST(NumberFormat, CountsBytes) {
  EXPECT_EQ(bytes_of(NumberFormat::float32, 3), 12U);
  EXPECT_EQ(bytes_of(NumberFormat::bfloat16, 3), 6U);
  EXPECT_EQ(bytes_of(NumberFormat::boolean, 3), 3U);
  EXPECT_EQ(bytes_of(NumberFormat::int4, 0), 0U);
  EXPECT_EQ(bytes_of(NumberFormat::int4, 3), 2U);
  EXPECT_EQ(bytes_of(NumberFormat::uint4, 4), 2U);
  EXPECT_EQ(bytes_of(NumberFormat::string, 4), 0U);
}

TEST(NumberFormat, CountsThatAreTooLargeStayLarge) {
  constexpr std::size_t most = ~std::size_t{0};
  EXPECT_EQ(bytes_of(NumberFormat::int64, most / 8 + 1), most);
  EXPECT_EQ(bytes_of(NumberFormat::int8, most), most);
  EXPECT_EQ(bytes_of(NumberFormat::int4, most), most / 2 + 1);
}

TEST(NumberFormat, KnowsWhichFloat) {
  EXPECT_TRUE(is_floating(NumberFormat::float8_e5m2));
  EXPECT_TRUE(is_floating(NumberFormat::float64));
  EXPECT_FALSE(is_floating(NumberFormat::int4));
  EXPECT_FALSE(is_floating(NumberFormat::boolean));
}

}  // namespace
}  // namespace mantissa::base
