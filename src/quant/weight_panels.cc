#include "quant/weight_panels.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "base/for_each_processor.h"
#include "base/numbers.h"
#include "base/threads.h"
#include "quant/fit_levels.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;

// Small enough that reading, quantizing and writing go on at the same time; large enough for all cores.
constexpr std::size_t kPanel = std::size_t{1} << 22U;  // weights
// Where a panel cannot be read and written in one piece each, unless it has all columns.
constexpr std::size_t kPanelOfColumns = std::size_t{1} << 24U;

bool is_matmulnbits(const WeightLayer& layer) { return layer.form == WeightOperator::matmulnbits; }

// Whether what is stored for an output lies together.
bool stored_by_outputs(const WeightLayer& layer) { return layer.outputs_first || is_matmulnbits(layer); }

// Inputs as they are stored, filled up to whole blocks in MatMulNBits.
std::size_t stored_inputs(const WeightLayer& layer) {
  return is_matmulnbits(layer) ? layer.blocks() * layer.block : layer.inputs;
}

std::size_t bits_of(const WeightLayer& layer) { return static_cast<std::size_t>(base::bits_of(layer.format)); }

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

// Rows and columns as they lie: how far the next input and the next output are, in weights.
struct Strides {
  std::size_t input;
  std::size_t output;
};

Strides strides_of(const WeightLayer& layer, const Panel& panel, NumberFormat format, const base::Rows& source) {
  if (layer.outputs_first) return {1, layer.inputs};
  return {source.contiguous() ? panel.outputs : source.stride / base::bytes_of(format, 1), 1};
}

// Two levels in a byte, the first in the low half: ONNX and MatMulNBits alike.
MANTISSA_FOR_EACH_PROCESSOR void pack_pairs(const std::uint8_t* levels, std::size_t bytes, std::uint8_t* packed) {
  for (std::size_t i = 0; i < bytes; ++i)
    packed[i] = static_cast<std::uint8_t>((levels[2 * i] & 0xFU) | (static_cast<unsigned>(levels[2 * i + 1]) << 4U));
}

// The rows of a tile, which no processor sees coming where they are far apart.
MANTISSA_FOR_EACH_PROCESSOR void load_rows(const std::byte* from, std::size_t stride, std::size_t rows, float* to) {
  constexpr std::size_t kAhead = 16;
  constexpr std::size_t kSize = kTileColumns * sizeof(float);
  constexpr std::size_t kLine = 64;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::byte* start = from + row * stride;
    if (row + kAhead < rows)
      for (std::size_t at = 0; at < kSize; at += kLine) __builtin_prefetch(start + kAhead * stride + at);
    __builtin_memcpy(to + row * kTileColumns, start, kSize);
  }
}

MANTISSA_FOR_EACH_PROCESSOR void add_offset(std::uint8_t* levels, std::size_t count, std::uint8_t offset) {
  for (std::size_t i = 0; i < count; ++i) levels[i] = static_cast<std::uint8_t>(levels[i] + offset);
}

template <class T>
base::Bytes bytes_of(std::shared_ptr<T[]> buffer, std::size_t count) {
  const std::span<const T> view(buffer.get(), count);
  return {std::move(buffer), std::as_bytes(view)};
}

// Makes of levels what is stored: with MatMulNBits' offset, and two to a byte where they have four bits.
void encode(const WeightLayer& layer, std::uint8_t* levels, std::uint8_t* packed, std::size_t bytes) {
  constexpr std::size_t kGrain = std::size_t{1} << 18U;
  const bool four = bits_of(layer) == 4;
  const bool with_offset = is_matmulnbits(layer);
  if (!four && !with_offset) return;
  base::parallel_for(bytes, kGrain, [&](std::size_t begin, std::size_t end) {
    std::uint8_t* from = levels + (four ? 2 * begin : begin);
    const auto offset = static_cast<std::uint8_t>(1U << (bits_of(layer) - 1));
    if (with_offset) add_offset(from, (end - begin) * (four ? 2 : 1), offset);
    if (four) pack_pairs(from, end - begin, packed + begin);
  });
}

// Quantizes the tiles of one panel.
class PanelQuantizer {
 public:
  PanelQuantizer(const WeightLayer& layer, const Panel& panel, NumberFormat format, const base::Rows& source,
                 base::RingMemory& room)
      : layer_(layer),
        panel_(panel),
        format_(format),
        source_(source.bytes),
        range_(levels_of(layer.format)),
        from_(strides_of(layer, panel, format, source)),
        blocks_((panel.inputs + layer.block - 1) / layer.block),
        tiles_((panel.outputs + kTileColumns - 1) / kTileColumns) {
    const std::size_t rows = is_matmulnbits(layer) ? blocks_ * layer.block : panel.inputs;
    to_ = stored_by_outputs(layer) ? Strides{1, rows} : Strides{panel.outputs, 1};
    scale_to_ = stored_by_outputs(layer) ? Strides{1, blocks_} : Strides{panel.outputs, 1};
    // One more for an odd last of 4 bits, whose byte is half empty.
    const std::size_t count = (rows * panel.outputs + 1) / 2 * 2;
    stored_bytes_ = base::bytes_of(layer.format, rows * panel.outputs);
    const bool four = layer.format == NumberFormat::int4;
    room_ = room.take(count + (four ? stored_bytes_ : 0));
    levels_ = reinterpret_cast<std::uint8_t*>(room_.get());
    levels_[count - 1] = 0;
    stored_ = four ? levels_ + count : levels_;
    scales_ = std::make_shared_for_overwrite<float[]>(blocks_ * panel.outputs);
  }

  Result<QuantizedPanel> run() {
    base::parallel_for(blocks_ * tiles_, 1, [&](std::size_t begin, std::size_t end) {
      const std::size_t rows = std::min(layer_.block, panel_.inputs);
      const auto values = std::make_unique_for_overwrite<float[]>(rows * kTileColumns);
      const auto levels = std::make_unique_for_overwrite<std::int8_t[]>(rows * kTileColumns);
      for (std::size_t i = begin; i < end; ++i) {  // in the order of memory
        const std::size_t block = layer_.outputs_first ? i % blocks_ : i / tiles_;
        const std::size_t tile = layer_.outputs_first ? i / blocks_ : i % tiles_;
        if (!quantize(block, tile, values.get(), levels.get())) finite_ = false;
      }
    });
    if (!finite_)
      return bad_input("its weights hold NaN or infinity", "Give a network that was trained to its end, or repair it");
    return QuantizedPanel{levels_part(), scales_part()};
  }

 private:
  bool quantize(std::size_t block, std::size_t tile_index, float* values, std::int8_t* levels) {
    const std::size_t first_row = block * layer_.block;
    const std::size_t first_column = tile_index * kTileColumns;
    const std::size_t columns = std::min(kTileColumns, panel_.outputs - first_column);
    const Tile tile{values, std::min(layer_.block, panel_.inputs - first_row)};
    if (columns < kTileColumns) std::fill_n(values, tile.rows * kTileColumns, 0.0F);
    load(first_row, first_column, columns, tile);
    float scales[kTileColumns];
    if (!fit_scales(tile, range_, scales)) return false;
    narrow(scales);
    round_to_levels(tile, range_, scales, levels);
    store(first_row, first_column, columns, tile.rows, levels);
    for (std::size_t c = 0; c < columns; ++c)
      scales_[block * scale_to_.input + (first_column + c) * scale_to_.output] = scales[c];
    return true;
  }

  // The weights of the tile, which lie in runs along its rows or along its columns.
  void load(std::size_t first_row, std::size_t first_column, std::size_t columns, const Tile& tile) const {
    const std::size_t start = first_row * from_.input + first_column * from_.output;
    if (!layer_.outputs_first && columns == kTileColumns && format_ == NumberFormat::float32) {
      load_rows(source_.data() + start * sizeof(float), from_.input * sizeof(float), tile.rows, tile.values);
      return;
    }
    if (!layer_.outputs_first) {
      for (std::size_t row = 0; row < tile.rows; ++row)
        read(start + row * from_.input, columns, tile.values + row * kTileColumns);
      return;
    }
    constexpr std::size_t kRun = 64;  // what a cache holds of all columns
    float run[kRun];
    for (std::size_t begin = 0; begin < tile.rows; begin += kRun) {
      const std::size_t count = std::min(kRun, tile.rows - begin);
      for (std::size_t column = 0; column < columns; ++column) {
        read(start + column * from_.output + begin, count, run);
        for (std::size_t i = 0; i < count; ++i) tile.values[(begin + i) * kTileColumns + column] = run[i];
      }
    }
  }

  void read(std::size_t first, std::size_t count, float* to) const {
    if (format_ == NumberFormat::float32) {
      std::memcpy(to, source_.data() + first * sizeof(float), count * sizeof(float));
      return;
    }
    constexpr std::size_t kSize = 2;
    const auto floats = base::to_floats(format_, source_.part(first * kSize, count * kSize), count).value();
    std::copy(floats.begin(), floats.end(), to);
  }

  // To the format in which they are stored, above zero.
  void narrow(float* scales) const {
    if (format_ == NumberFormat::float32) return;
    const float smallest = format_ == NumberFormat::float16 ? 0x1p-24F : 0x1p-126F;
    base::round_to(format_, base::Overflow::saturate, {scales, kTileColumns});
    for (std::size_t c = 0; c < kTileColumns; ++c) scales[c] = std::max(scales[c], smallest);
  }

  void store(std::size_t first_row, std::size_t first_column, std::size_t columns, std::size_t rows,
             const std::int8_t* levels) {
    std::uint8_t* to = levels_ + first_row * to_.input + first_column * to_.output;
    if (to_.output == 1 && columns == kTileColumns) {
      for (std::size_t row = 0; row < rows; ++row)
        std::memcpy(to + row * to_.input, levels + row * kTileColumns, kTileColumns);
      return;
    }
    if (to_.output == 1) {
      for (std::size_t row = 0; row < rows; ++row)
        std::memcpy(to + row * to_.input, levels + row * kTileColumns, columns);
      return;
    }
    for (std::size_t column = 0; column < columns; ++column)
      for (std::size_t row = 0; row < rows; ++row)
        to[column * to_.output + row] = static_cast<std::uint8_t>(levels[row * kTileColumns + column]);
    if (!is_matmulnbits(layer_)) return;
    for (std::size_t column = 0; column < columns; ++column)  // the rest of the last block
      for (std::size_t row = rows; row < layer_.block; ++row) to[column * to_.output + row] = 0;
  }

  // Panels have all inputs, all outputs, or both: of `by_outputs` tensors they have all inputs.
  StoredPart part(std::size_t size, std::size_t first_row, std::size_t rows, std::size_t row_size,
                  base::Bytes bytes) const {
    const std::size_t offset = first_row * row_size * size / 8;
    if (stored_by_outputs(layer_) || panel_.outputs == layer_.outputs) {
      const std::size_t count = bytes.size();
      return {offset, count, count, std::move(bytes)};
    }
    return {panel_.first_output * size / 8 + offset, bytes.size() / rows, layer_.outputs * size / 8, std::move(bytes)};
  }

  StoredPart levels_part() {
    encode(layer_, levels_, stored_, stored_bytes_);
    base::Bytes bytes(room_, std::as_bytes(std::span(stored_, stored_bytes_)));
    if (stored_by_outputs(layer_))
      return part(bits_of(layer_), panel_.first_output, panel_.outputs, stored_inputs(layer_), std::move(bytes));
    return part(bits_of(layer_), panel_.first_input, panel_.inputs, layer_.outputs, std::move(bytes));
  }

  StoredPart scales_part() {
    const std::size_t count = blocks_ * panel_.outputs;
    const auto bits = static_cast<std::size_t>(base::bits_of(format_));
    base::Bytes bytes = format_ == NumberFormat::float32 ? bytes_of(scales_, count)
                                                         : base::from_floats(format_, {scales_.get(), count});
    if (stored_by_outputs(layer_))
      return part(bits, panel_.first_output, panel_.outputs, layer_.blocks(), std::move(bytes));
    return part(bits, panel_.first_input / layer_.block, blocks_, layer_.outputs, std::move(bytes));
  }

  const WeightLayer& layer_;
  const Panel& panel_;
  NumberFormat format_;
  const base::Bytes& source_;
  const LevelRange& range_;
  Strides from_;  // in the source
  Strides to_;    // in the panel's levels
  Strides scale_to_;
  std::size_t blocks_;
  std::size_t tiles_;
  std::shared_ptr<std::byte> room_;  // of the levels, one to a byte, and behind them as they are stored
  std::uint8_t* levels_;
  std::uint8_t* stored_;
  std::size_t stored_bytes_;
  std::shared_ptr<float[]> scales_;
  std::atomic<bool> finite_ = true;
};

}  // namespace

StoredLayout layout_of(const WeightLayer& layer, const ir::Tensor& weight) {
  StoredLayout layout{{layer.format, weight.shape, {}}, {weight.format, {signed_size(layer.outputs)}, {}}};
  const std::int64_t blocks = signed_size(layer.blocks());
  if (is_matmulnbits(layer)) {
    const std::int64_t blob = signed_size(layer.block * bits_of(layer) / 8);
    layout.levels = {NumberFormat::uint8, {signed_size(layer.outputs), blocks, blob}, {}};
    layout.scales.shape = {signed_size(layer.outputs), blocks};
  } else if (blocks > 1 && layer.outputs_first) {
    layout.levels.shape = {signed_size(layer.outputs), signed_size(layer.inputs)};
    layout.scales.shape = {signed_size(layer.outputs), blocks};
  } else if (blocks > 1) {
    layout.scales.shape = weight.shape;
    std::int64_t& rows = layout.scales.shape[weight.shape.size() - 2];
    rows = (rows + signed_size(layer.block) - 1) / signed_size(layer.block);
  }
  for (auto [tensor, bytes] : {std::pair(&layout.levels, &layout.level_bytes), {&layout.scales, &layout.scale_bytes}})
    *bytes = base::bytes_of(tensor->format, static_cast<std::size_t>(tensor->count()));
  return layout;
}

std::vector<Panel> panels_of(const WeightLayer& layer) {
  std::vector<Panel> panels;
  const bool by_outputs = stored_by_outputs(layer);
  if (!by_outputs && layer.blocks() > 1) {  // rows of blocks
    const std::size_t step = std::max<std::size_t>(kPanel / (layer.block * layer.outputs), 1) * layer.block;
    for (std::size_t first = 0; first < layer.inputs; first += step)
      panels.push_back({first, std::min(step, layer.inputs - first), 0, layer.outputs});
    return panels;
  }
  const std::size_t size = layer.outputs_first ? kPanel : kPanelOfColumns;
  // Parts of rows of levels of 4 bits must begin at a byte.
  const bool whole = !by_outputs && bits_of(layer) == 4 && layer.outputs % 2 != 0;
  const std::size_t step =
      whole ? layer.outputs : std::max<std::size_t>(size / stored_inputs(layer) / kTileColumns, 1) * kTileColumns;
  for (std::size_t first = 0; first < layer.outputs; first += step)
    panels.push_back({0, layer.inputs, first, std::min(step, layer.outputs - first)});
  return panels;
}

base::Rows source_of(const WeightLayer& layer, const ir::Tensor& weight, const Panel& panel) {
  const std::size_t size = base::bytes_of(weight.format, 1);
  if (layer.outputs_first)
    return base::Rows::of(
        weight.bytes.part(panel.first_output * layer.inputs * size, panel.outputs * layer.inputs * size));
  const std::size_t first = panel.first_input * layer.outputs + panel.first_output;
  const std::size_t between = panel.inputs * layer.outputs - (layer.outputs - panel.outputs);
  base::Bytes bytes = weight.bytes.part(first * size, between * size);
  if (panel.outputs == layer.outputs) return base::Rows::of(std::move(bytes));
  return {std::move(bytes), panel.outputs * size, layer.outputs * size};
}

Result<QuantizedPanel> quantize_panel(const WeightLayer& layer, const Panel& panel, NumberFormat format,
                                      const base::Rows& source, base::RingMemory& room) {
  return PanelQuantizer(layer, panel, format, source, room).run();
}

}  // namespace mantissa::quant
