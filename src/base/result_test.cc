#include "mantissa/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace mantissa {
namespace {

Result<std::unique_ptr<int>> half_of(int number) {
  if (number % 2 != 0) return bad_input("it is odd", "Take an even one");
  return std::make_unique<int>(number / 2);
}

Result<void> check_half(int number) {
  MANTISSA_TRY(half_of(number).in("the half"));
  return {};
}

Result<int> quarter_of(int number) {
  MANTISSA_ASSIGN(const std::unique_ptr<int> half, half_of(number).in("the half"));
  MANTISSA_ASSIGN(const std::unique_ptr<int> quarter, half_of(*half).in("the quarter"));
  return *quarter;
}

TEST(Result, PassesValuesAndErrorsOn) {
  EXPECT_EQ(*quarter_of(12), 3);
  EXPECT_TRUE(check_half(2).ok());
  EXPECT_FALSE(check_half(3).ok());
  const auto failed = quarter_of(6).in("number 6");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message(), "number 6: the quarter: it is odd. Take an even one.");
  EXPECT_EQ(failed.error().code, ErrorCode::bad_input);
}

TEST(Result, SaysTheNameOfAFileOnce) {
  const auto failed =
      Result<void>(bad_input("cannot write \"a b/c.png\": the disk is full")).in("picture a b/c.png").in("run");
  EXPECT_EQ(failed.error().message(), "run: cannot write \"a b/c.png\": the disk is full.");
}

}  // namespace
}  // namespace mantissa
