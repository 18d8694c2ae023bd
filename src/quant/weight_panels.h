// A weight becomes integers panel by panel, so that neither it nor they need fit into memory.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ring_memory.h"
#include "ir/tensor.h"
#include "mantissa/result.h"
#include "quant/weight_layers.h"

namespace mantissa::quant {

// How the integers and the scales of a layer are stored. Per channel: scales[outputs]. In blocks, DequantizeLinear: as
// the weight lies, scales with as many rows (or columns) as there are blocks. MatMulNBits: unsigned, zero point in the
// middle, integers[outputs][blocks * block], scales[outputs][blocks]:
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftmatmulnbits
struct StoredLayout {
  ir::Tensor levels;  // formats and shapes; no bytes
  ir::Tensor scales;  // in the weight's format
  std::size_t level_bytes = 0;
  std::size_t scale_bytes = 0;
};
// `weight`: the constant of the layer.
[[nodiscard]] StoredLayout layout_of(const WeightLayer& layer, const ir::Tensor& weight);

// Some of the inputs by some of the outputs. Begins at a block and at an even output.
struct Panel {
  std::size_t first_input = 0;
  std::size_t inputs = 0;
  std::size_t first_output = 0;
  std::size_t outputs = 0;
};
// In the order in which the weight is read best; the weights of each are some 64 MiB at most, but for what 64 outputs
// sum over.
[[nodiscard]] std::vector<Panel> panels_of(const WeightLayer& layer);

// The parts of the weight's bytes that hold the panel.
[[nodiscard]] base::Rows source_of(const WeightLayer& layer, const ir::Tensor& weight, const Panel& panel);

// Rows of bytes, at a distance of `stride`.
struct StoredPart {
  std::uint64_t offset = 0;  // of the first row in the stored tensor
  std::uint64_t row = 0;     // bytes; all, where the part is contiguous
  std::uint64_t stride = 0;
  base::Bytes bytes;
};
struct QuantizedPanel {
  StoredPart levels;
  StoredPart scales;
};
// `source`: the panel's weights, in memory; source_of(), or those rows one behind the other. `format`: theirs. `room`:
// where the levels are put; waits while it is full. On all cores. Errors (bad_input): NaN or infinity.
[[nodiscard]] Result<QuantizedPanel> quantize_panel(const WeightLayer& layer, const Panel& panel,
                                                    base::NumberFormat format, const base::Rows& source,
                                                    base::RingMemory& room);

}  // namespace mantissa::quant
