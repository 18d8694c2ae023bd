#include "quant/triangle.h"

#include <algorithm>
#include <cmath>

#include "base/for_each_processor.h"
#include "base/threads.h"

namespace mantissa::quant {
namespace {

// A block of sums stays in registers where there are enough: eight rows of one AVX-512 register or of two of AVX2. Two
// rows go by at once for those processors whose registers do not hold it. On one core of the machine of
// docs/performance.md:
// 125 GFLOP/s with AVX-512, 94 with AVX2, 27 with SSE2.
constexpr std::size_t kBlockRows = 8;
constexpr std::size_t kBlockColumns = 16;
constexpr std::size_t kTogether = 96;  // rows that go by at once: few enough to be in the cache for the next block
constexpr std::size_t kFactored = 48;  // rows of a matrix that are factored before the rest of it hears of them

constexpr std::size_t kLanes = 16;  // right sides that are solved at once

constexpr std::size_t round_up(std::size_t count, std::size_t to) { return (count + to - 1) / to * to; }

// sums[r][c] += factor * sum over s of left[s][r] * right[s][c], for the rows of one block and `columns`, rounded up to
// whole blocks.
MANTISSA_FOR_EACH_PROCESSOR_FUSED void add_blocks(float* sums, std::size_t sums_stride, const float* left,
                                                  const float* right, std::size_t stride, std::size_t count,
                                                  std::size_t columns, float factor) {
  for (std::size_t first = 0; first < columns; first += kBlockColumns) {
    float block[kBlockRows][kBlockColumns] = {};
    std::size_t s = 0;
    for (; s + 2 <= count; s += 2) {
      const float* left0 = left + s * stride;
      const float* left1 = left0 + stride;
      const float* right0 = right + s * stride + first;
      const float* right1 = right0 + stride;
      for (std::size_t r = 0; r < kBlockRows; ++r)
        MANTISSA_FOR_LANES (c, kBlockColumns) block[r][c] = block[r][c] + left0[r] * right0[c] + left1[r] * right1[c];
    }
    for (; s < count; ++s)
      for (std::size_t r = 0; r < kBlockRows; ++r)
        MANTISSA_FOR_LANES (c, kBlockColumns) block[r][c] += left[s * stride + r] * right[s * stride + first + c];
    for (std::size_t r = 0; r < kBlockRows; ++r)
      MANTISSA_FOR_LANES (c, kBlockColumns) sums[r * sums_stride + first + c] += factor * block[r][c];
  }
}

// Rows [begin, end) of U, each with all of its columns, once the rows above have been taken off. False where a pivot is
// not positive.
MANTISSA_FOR_EACH_PROCESSOR_FUSED bool factor_rows(float* elements, std::size_t stride, std::size_t begin,
                                                   std::size_t end, std::size_t size) {
  for (std::size_t k = begin; k < end; ++k) {
    float* pivot_row = elements + k * stride;
    if (!(pivot_row[k] > 0)) return false;
    const float scale = 1 / __builtin_sqrtf(pivot_row[k]);
    for (std::size_t j = k; j < size; ++j) pivot_row[j] *= scale;
    for (std::size_t i = k + 1; i < end; ++i) {
      float* row = elements + i * stride;
      const float multiple = pivot_row[i];
      for (std::size_t j = i; j < size; ++j) row[j] -= multiple * pivot_row[j];
    }
  }
  return true;
}

// Solves U^T U x = b for kLanes right sides at once, in place: `values` is [size][kLanes].
MANTISSA_FOR_EACH_PROCESSOR_FUSED void solve_lanes(const float* factor, std::size_t stride, std::size_t size,
                                                   float* values) {
  for (std::size_t k = 0; k < size; ++k) {
    const float* row = factor + k * stride;
    float* own = values + k * kLanes;
    MANTISSA_FOR_LANES (lane, kLanes) own[lane] /= row[k];
    for (std::size_t j = k + 1; j < size; ++j)
      MANTISSA_FOR_LANES (lane, kLanes) values[j * kLanes + lane] -= row[j] * own[lane];
  }
  for (std::size_t k = size; k-- > 0;) {
    const float* row = factor + k * stride;
    float sums[kLanes] = {};
    for (std::size_t j = k + 1; j < size; ++j)
      MANTISSA_FOR_LANES (lane, kLanes) sums[lane] += row[j] * values[j * kLanes + lane];
    MANTISSA_FOR_LANES (lane, kLanes) values[k * kLanes + lane] = (values[k * kLanes + lane] - sums[lane]) / row[k];
  }
}

}  // namespace

Triangle::Triangle(std::size_t length)
    : size(length),
      stride(round_up(length + kBlockColumns - 1, kBlockColumns)),
      elements((length + kBlockRows - 1) * stride, 0.0F) {}

void add_products(Triangle& triangle, const Rows& rows, float factor, std::size_t begin) {
  const std::size_t blocks = (triangle.size - begin + kBlockRows - 1) / kBlockRows;
  base::parallel_for(blocks, 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t s = 0; s < rows.count; s += kTogether) {
      const float* together = rows.elements + s * rows.stride;
      const std::size_t count = std::min(kTogether, rows.count - s);
      for (std::size_t block = first; block < last; ++block) {
        const std::size_t i = begin + block * kBlockRows;
        add_blocks(triangle.row(i) + i, triangle.stride, together + i, together + i, rows.stride, count,
                   triangle.size - i, factor);
      }
    }
  });
}

bool factor_cholesky(Triangle& triangle) {
  const std::size_t size = triangle.size;
  for (std::size_t begin = 0; begin < size; begin += kFactored) {
    const std::size_t end = std::min(begin + kFactored, size);
    if (!factor_rows(triangle.elements.data(), triangle.stride, begin, end, size)) return false;
    if (end < size) add_products(triangle, {triangle.row(begin), triangle.stride, end - begin}, -1, end);
  }
  return true;
}

void solve(const Triangle& factor, std::span<float> rights) {
  const std::size_t size = factor.size, count = rights.size() / size;
  base::parallel_for(round_up(count, kLanes) / kLanes, 1, [&](std::size_t begin, std::size_t end) {
    std::vector<float> values(size * kLanes);
    for (std::size_t group = begin; group < end; ++group) {
      const std::size_t first = group * kLanes, lanes = std::min(kLanes, count - first);
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t lane = 0; lane < kLanes; ++lane)
          values[i * kLanes + lane] = lane < lanes ? rights[(first + lane) * size + i] : 0;
      solve_lanes(factor.elements.data(), factor.stride, size, values.data());
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t lane = 0; lane < lanes; ++lane) rights[(first + lane) * size + i] = values[i * kLanes + lane];
    }
  });
}

}  // namespace mantissa::quant
