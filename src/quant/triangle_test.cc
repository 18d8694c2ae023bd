#include "quant/triangle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace mantissa::quant {
namespace {

std::vector<float> some_rows(std::size_t count, std::size_t size, std::size_t stride) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * stride, 0.0F);
  for (std::size_t s = 0; s < count; ++s)
    for (std::size_t i = 0; i < size; ++i) rows[s * stride + i] = normal(random);
  return rows;
}

double product(const std::vector<float>& rows, std::size_t stride, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t s = 0; s < rows.size(); s += stride) sum += static_cast<double>(rows[s + i]) * rows[s + j];
  return sum;
}

// Sizes and counts around those of the kernel's blocks.
TEST(AddProducts, AgreesWithThePlainLoop) {
  for (const std::size_t size : {1U, 5U, 6U, 7U, 16U, 17U, 27U, 33U, 95U, 131U})
    for (const std::size_t count : {1U, 3U, 95U, 96U, 97U, 200U}) {
      Triangle triangle(size);
      const std::vector<float> rows = some_rows(count, size, triangle.stride);
      add_products(triangle, {rows.data(), triangle.stride, count});
      add_products(triangle, {rows.data(), triangle.stride, count}, -0.5F);
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = i; j < size; ++j)
          ASSERT_NEAR(triangle.at(i, j), 0.5 * product(rows, triangle.stride, i, j), 1e-3)
              << size << ' ' << count << ' ' << i << ' ' << j;
    }
}

TEST(AddProducts, LeavesAloneWhatComesBefore) {
  Triangle triangle(40);
  const std::vector<float> rows = some_rows(10, 40, triangle.stride);
  add_products(triangle, {rows.data(), triangle.stride, 10}, 1, 13);
  for (std::size_t i = 0; i < 40; ++i)
    for (std::size_t j = i; j < 40; ++j)
      ASSERT_NEAR(triangle.at(i, j), i < 13 ? 0.0 : product(rows, triangle.stride, i, j), 1e-4) << i << ' ' << j;
}

TEST(FactorCholesky, GivesAFactorOfTheMatrix) {
  for (const std::size_t size : {1U, 2U, 47U, 48U, 49U, 100U, 150U}) {
    Triangle triangle(size);
    const std::vector<float> rows = some_rows(2 * size, size, triangle.stride);
    add_products(triangle, {rows.data(), triangle.stride, 2 * size});
    const Triangle before = triangle;
    ASSERT_TRUE(factor_cholesky(triangle)) << size;
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_GT(triangle.row(i)[i], 0);
      for (std::size_t j = i; j < size; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k <= i; ++k) sum += static_cast<double>(triangle.row(k)[i]) * triangle.row(k)[j];
        ASSERT_NEAR(sum, before.at(i, j), 1e-5 * before.at(i, i) + 1e-3) << size << ' ' << i << ' ' << j;
      }
    }
  }
}

TEST(Solve, FindsWhatTheMatrixMakesTheRightSidesOf) {
  for (const std::size_t count : {1U, 15U, 16U, 17U, 40U}) {
    constexpr std::size_t kSize = 50;
    Triangle triangle(kSize);
    const std::vector<float> rows = some_rows(4 * kSize, kSize, triangle.stride);
    add_products(triangle, {rows.data(), triangle.stride, 4 * kSize});
    const std::vector<float> wanted = some_rows(count, kSize, kSize);
    std::vector<float> rights(count * kSize);
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t i = 0; i < kSize; ++i)
        for (std::size_t j = 0; j < kSize; ++j) rights[r * kSize + i] += triangle.at(i, j) * wanted[r * kSize + j];
    ASSERT_TRUE(factor_cholesky(triangle));
    solve(triangle, rights);
    for (std::size_t i = 0; i < rights.size(); ++i) ASSERT_NEAR(rights[i], wanted[i], 1e-4) << count << ' ' << i;
  }
}

TEST(FactorCholesky, RefusesWhatIsNotPositiveDefinite) {
  Triangle triangle(60);
  for (std::size_t i = 0; i < 60; ++i) triangle.row(i)[i] = 1;
  triangle.row(55)[55] = -1;
  EXPECT_FALSE(factor_cholesky(triangle));
  triangle.row(55)[55] = NAN;
  EXPECT_FALSE(factor_cholesky(triangle));
}

}  // namespace
}  // namespace mantissa::quant
