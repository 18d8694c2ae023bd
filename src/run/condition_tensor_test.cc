#include "run/condition_tensor.h"

#include <gtest/gtest.h>

namespace mantissa::run {
namespace {

using Shape = std::vector<std::int64_t>;

TEST(ConditionTensor, HasTheSizeOfThePictureOrIsOneNumber) {
  const Shape picture{1, 3, 48, 64};
  EXPECT_EQ(condition_shape(Shape{1, 1, -1, -1}, picture, 1), (Shape{1, 1, 48, 64}));
  EXPECT_EQ(condition_shape(Shape{-1, 1, -1, -1}, picture, 2), (Shape{1, 1, 24, 32}));
  EXPECT_EQ(condition_shape(Shape{1, 1, 1, 1}, picture, 1), (Shape{1, 1, 1, 1}));
  EXPECT_EQ(condition_shape(Shape{1, 1, 24, 32}, picture, 2), (Shape{1, 1, 24, 32}));
  EXPECT_EQ(condition_shape(Shape{-1}, picture, 1), (Shape{1}));
  EXPECT_EQ(condition_shape(Shape{}, picture, 1), Shape{});
}

TEST(ConditionTensor, HoldsTheNumberEverywhere) {
  std::vector<float> values(3, 1.0F);
  fill_condition(Shape{1, 1, 2, 2}, 0.5F, values);
  EXPECT_EQ(values, std::vector<float>(4, 0.5F));
  fill_condition(Shape{}, 0.25F, values);
  EXPECT_EQ(values, std::vector<float>{0.25F});
}

}  // namespace
}  // namespace mantissa::run
