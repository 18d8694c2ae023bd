#include "release/store_weights.h"

#include <algorithm>

#include "base/interrupt.h"
#include "base/progress.h"
#include "pass/lower_weights.h"
#include "release/source_reader.h"

namespace mantissa::release {
namespace {

using ir::Graph;
using quant::WeightLayer;

constexpr std::size_t kLevels = std::size_t{48} << 20U;  // that are made, or wait to be written
constexpr std::size_t kMoved = std::size_t{8} << 20U;    // at once, of a constant that stays

// A layer with the places of what it becomes.
struct StoredLayer {
  WeightLayer layer;
  quant::StoredLayout layout;
  std::uint64_t levels_at = 0;
  std::uint64_t scales_at = 0;
};

// A constant that goes where the others are.
struct MovedConstant {
  ir::ValueId id;
  std::uint64_t at;
};

// What is read, worked on and written at once.
struct Step {
  const StoredLayer* layer = nullptr;  // or `moved`
  const MovedConstant* moved = nullptr;
  quant::Panel panel;
  std::uint64_t offset = 0;  // of a moved constant's part
  base::Rows source;
};

class Streamer {
 public:
  Streamer(Graph& graph, const quant::WeightOptions& options, WeightStore& store)
      : graph_(graph), store_(store), found_(quant::find_weights(graph, options)) {
    for (const WeightLayer& layer : found_.layers) add(layer);
    add_others();
    add_steps();
  }

  Result<StoredTotals> run() {
    MANTISSA_TRY(stream());
    MANTISSA_ASSIGN(const base::Bytes stored, store_.finish());
    StoredTotals totals{layers_.size(), 0, 0, std::move(found_.stayed)};
    for (const StoredLayer& layer : layers_) {
      totals.bytes_before += weight_of(layer.layer).bytes.size();
      totals.bytes_after += layer.layout.level_bytes + layer.layout.scale_bytes;
    }
    for (const MovedConstant& moved : moved_) {
      base::Bytes& bytes = graph_.value(moved.id).constant->bytes;
      bytes = stored.part(moved.at, bytes.size());
    }
    for (const StoredLayer& layer : layers_) attach(layer, stored);
    graph_.erase_unused();
    return totals;
  }

 private:
  const ir::Tensor& weight_of(const WeightLayer& layer) const { return *graph_.value(layer.weight).constant; }

  void add(const WeightLayer& layer) {
    StoredLayer stored{layer, quant::layout_of(layer, weight_of(layer))};
    stored.levels_at = store_.reserve(stored.layout.level_bytes);
    stored.scales_at = store_.reserve(stored.layout.scale_bytes);
    layers_.push_back(std::move(stored));
  }

  void add_others() {
    std::vector<ir::ValueId> quantized;  // in the order of the graph's constants, as they are
    for (const WeightLayer& layer : found_.layers) quantized.push_back(layer.weight);
    for (const ir::ValueId id : graph_.constants()) {
      const std::size_t size = graph_.value(id).constant->bytes.size();
      if (size >= format::kSmallConstant && !std::binary_search(quantized.begin(), quantized.end(), id))
        moved_.push_back({id, store_.reserve(size)});
    }
  }

  void add_steps() {
    for (const StoredLayer& stored : layers_)
      for (const quant::Panel& panel : quant::panels_of(stored.layer))
        steps_.push_back({&stored, nullptr, panel, 0, quant::source_of(stored.layer, weight_of(stored.layer), panel)});
    for (const MovedConstant& moved : moved_) {
      const base::Bytes& bytes = graph_.value(moved.id).constant->bytes;
      for (std::size_t begin = 0; begin < bytes.size(); begin += kMoved)
        steps_.push_back(
            {nullptr, &moved, {}, begin, base::Rows::of(bytes.part(begin, std::min(kMoved, bytes.size() - begin)))});
    }
  }

  Result<void> stream() {
    std::vector<base::Rows> sources;
    std::uint64_t total = 0;
    for (const Step& step : steps_) {
      sources.push_back(step.source);
      total += step.source.size();
    }
    SourceReader reader(std::move(sources));
    base::Progress progress("Quantizing", static_cast<std::int64_t>(total >> 20U), "MiB");
    std::uint64_t read = 0;
    for (const Step& step : steps_) {
      MANTISSA_TRY(base::check_interrupt());
      const ir::ValueId id = step.moved != nullptr ? step.moved->id : step.layer->layer.weight;
      const std::string place = "tensor " + graph_.value(id).name;
      MANTISSA_ASSIGN(const base::Rows source, reader.next().in(place));
      MANTISSA_TRY(do_step(step, source, place));
      const std::uint64_t before = read;
      read += step.source.size();
      progress.advance(static_cast<std::int64_t>((read >> 20U) - (before >> 20U)));
    }
    return {};
  }

  Result<void> do_step(const Step& step, const base::Rows& source, const std::string& place) {
    if (step.moved != nullptr) {
      const std::size_t size = source.size();
      return store_.put(step.moved->at, {step.offset, size, size, source.bytes});
    }
    const StoredLayer& stored = *step.layer;
    MANTISSA_ASSIGN(
        quant::QuantizedPanel panel,
        quant::quantize_panel(stored.layer, step.panel, weight_of(stored.layer).format, source, *levels_room_)
            .in(place));
    MANTISSA_TRY(store_.put(stored.levels_at, std::move(panel.levels)));
    return store_.put(stored.scales_at, std::move(panel.scales));
  }

  void attach(const StoredLayer& stored, const base::Bytes& bytes) {
    const WeightLayer& layer = stored.layer;
    ir::Tensor levels = stored.layout.levels;
    ir::Tensor scales = stored.layout.scales;
    levels.bytes = bytes.part(stored.levels_at, stored.layout.level_bytes);
    scales.bytes = bytes.part(stored.scales_at, stored.layout.scale_bytes);
    const auto block = static_cast<std::int64_t>(layer.block);
    if (layer.form == quant::WeightOperator::matmulnbits) {
      pass::use_matmulnbits(graph_, layer.node,
                            {std::move(levels), std::move(scales), static_cast<std::int64_t>(layer.inputs),
                             static_cast<std::int64_t>(layer.outputs), base::bits_of(layer.format), block});
      return;
    }
    const bool in_blocks = layer.blocks() > 1;
    const auto last = static_cast<std::int64_t>(levels.shape.size()) - 1;
    // Of outputs, or in blocks of what they sum over.
    const std::int64_t axis = layer.outputs_first ? (in_blocks ? 1 : 0) : (in_blocks ? last - 1 : last);
    pass::dequantize_weights(graph_, layer.node, {std::move(levels), std::move(scales), in_blocks ? block : 0, axis});
  }

  Graph& graph_;
  WeightStore& store_;
  quant::FoundWeights found_;
  std::vector<StoredLayer> layers_;
  std::vector<MovedConstant> moved_;
  std::vector<Step> steps_;
  std::shared_ptr<base::RingMemory> levels_room_ = std::make_shared<base::RingMemory>(kLevels);
};

}  // namespace

Result<StoredTotals> store_weights(Graph& graph, const quant::WeightOptions& options, WeightStore& store) {
  return Streamer(graph, options, store).run();
}

}  // namespace mantissa::release
