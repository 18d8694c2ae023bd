// A constant tensor: shape, number format, and bytes that may lie in a mapped file.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/number_format.h"
#include "base/numbers.h"
#include "mantissa/result.h"

namespace mantissa::ir {

// Row-major, contiguous; int4 packed two to a byte as in ONNX. Copying shares the bytes.
struct Tensor {
  base::NumberFormat format = base::NumberFormat::float32;
  std::vector<std::int64_t> shape;  // empty: a scalar
  base::Bytes bytes;

  // Elements; the largest std::int64_t where a size is negative or the product overflows:
  // the verifier refuses such a tensor.
  [[nodiscard]] std::int64_t count() const;
  // Whether `bytes` are exactly as many as format and shape ask for.
  [[nodiscard]] bool fits() const;
  [[nodiscard]] Result<std::vector<float>> floats() const {
    return base::to_floats(format, bytes, static_cast<std::size_t>(count()));
  }
  // Integer formats and booleans. Errors (bad_input): a floating format.
  [[nodiscard]] Result<std::vector<std::int64_t>> integers() const;

  static Tensor of_floats(std::vector<std::int64_t> shape, std::vector<float> values);
  static Tensor of_integers(std::vector<std::int64_t> shape, std::vector<std::int64_t> values);  // int64
};

}  // namespace mantissa::ir
