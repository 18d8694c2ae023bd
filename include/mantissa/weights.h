// Weight-only variants of any ONNX network: weights in 8 or 4 bits, everything else as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"

namespace mantissa {

struct WeightsRequest {
  std::filesystem::path network;    // ONNX; its external data may be larger than memory
  std::string format;               // "int8" or "int4"
  std::optional<int> block;         // 32, 64 or 128 weights of an output that share a scale; default: 32
  std::string form = "dequantize";  // "dequantize" (ONNX, opset 21) or "matmulnbits" (ONNX Runtime's own operator)
  std::filesystem::path output;     // FILE.onnx; large constants go to FILE.onnx.data
};

// Constants that stay as they are.
struct StayedConstants {
  std::string reason;  // "small", "shared", ...
  std::size_t tensors = 0;
  std::uint64_t bytes = 0;
};

struct WeightsSummary {
  std::size_t tensors = 0;         // that were quantized
  std::uint64_t bytes_before = 0;  // of them
  std::uint64_t bytes_after = 0;   // integers and scales
  std::vector<StayedConstants> stayed;
};

// Quantizes the weights of MatMul, Gemm and Conv, symmetrically: int8 with one scale for each output, int4 with one for
// each block; with "matmulnbits" both in blocks where the node is a MatMul. Memory does not depend on the size of
// external data. The output appears whole or not at all.
// Errors: (usage) a format, block or form that there is not; (bad_input) a network that cannot be read, weights that
// are NaN or infinite, a place that cannot be written to; (unsupported) as for other ONNX files.
[[nodiscard]] Result<WeightsSummary> quantize_weights(const WeightsRequest& request);

}  // namespace mantissa
