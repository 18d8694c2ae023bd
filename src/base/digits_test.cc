#include "base/digits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mantissa::base {
namespace {

TEST(Digits, RoundsToSignificantOnes) {
  EXPECT_EQ(rounded(0.123456789, 4), 0.1235);
  EXPECT_EQ(rounded(-98765.4321, 4), -98770);
  EXPECT_EQ(rounded(28.49012345, kDigitsOfFigure), 28.4901);
  EXPECT_EQ(rounded(9.9999, 2), 10);
  EXPECT_EQ(rounded(0, 4), 0);
  EXPECT_EQ(rounded(1e-300, 1), 1e-300);
}

TEST(Digits, LeavesWhatIsNotFinite) {
  EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<double>::quiet_NaN(), 4)));
  EXPECT_EQ(rounded(std::numeric_limits<double>::infinity(), 4), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace mantissa::base
