// Symmetric matrices of which the upper triangle is kept: sums of products, and the factor of Cholesky.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mantissa::quant {

// Row-major square. What lies below the diagonal has no meaning; room to the right and below, zero at first, lets a
// kernel work on whole blocks.
struct Triangle {
  explicit Triangle(std::size_t size);

  [[nodiscard]] float* row(std::size_t i) { return &elements[i * stride]; }
  [[nodiscard]] const float* row(std::size_t i) const { return &elements[i * stride]; }
  // Element (i, j) of the symmetric matrix, on either side of the diagonal.
  [[nodiscard]] float at(std::size_t i, std::size_t j) const { return i <= j ? row(i)[j] : row(j)[i]; }

  std::size_t size;
  std::size_t stride;  // of a row, in elements
  std::vector<float> elements;
};

// `count` rows of as many elements as a row of a triangle has, `stride` apart: zero where the triangle has only room.
struct Rows {
  const float* elements;
  std::size_t stride;
  std::size_t count;
};

// triangle[i][j] += factor * sum over the rows of row[i] * row[j], for begin <= i <= j: the symmetric rank-k update
// (BLAS: ssyrk), on all cores. Blocks of sums stay in registers while the rows go by (Goto and van de Geijn 2008,
// Anatomy of High-Performance Matrix Multiplication).
void add_products(Triangle& triangle, const Rows& rows, float factor = 1, std::size_t begin = 0);

// Replaces H by U, with H = U^T U. False: H is not positive definite, and the triangle is of no more use.
// Cholesky's method, a block of rows at a time, so that most of the work is add_products.
[[nodiscard]] bool factor_cholesky(Triangle& triangle);

// With the factor U of H: replaces each row of `rights`, as long as the matrix, by the solution x of H x = row.
void solve(const Triangle& factor, std::span<float> rights);

}  // namespace mantissa::quant
