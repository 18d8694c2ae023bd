#include "quant/reconstruct.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "base/interrupt.h"
#include "base/progress.h"
#include "pass/insert_taps.h"
#include "quant/triangle.h"
#include "quant/weight_layers.h"

namespace mantissa::quant {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// Each costs up to one run of both networks. Layers of one block do not know of each other's changes.
constexpr std::size_t kMostBlocks = 24;
// Of the positions of an input. In full, products of patches would cost more than the network.
constexpr double kShareOfPositions = 0.2;
// Fewer samples for each element of a patch say too little.
constexpr double kSamplesOfElement = 8;
// Added to the diagonal of the moments, as shares of its mean: how far weights may move in directions that inputs
// hardly show.
constexpr float kRidges[] = {1e-3F, 1e-2F, 1e-1F, 1.0F};
constexpr double kLeastGain = 0.01;  // of the squared error; less is chance

// Where the output of a layer is compared: behind an addition of something computed, if nothing else reads it.
NodeId compared_at(const Graph& graph, NodeId layer) {
  const ValueId output = graph.node(layer).outputs[0];
  const std::vector<ir::Use>& uses = graph.value(output).uses;
  if (uses.size() != 1 || graph.is_output(output)) return layer;
  const ir::Node& reader = graph.node(uses[0].node);
  const bool adds = reader.op == "Add" && reader.domain.empty() &&
                    std::none_of(reader.inputs.begin(), reader.inputs.end(),
                                 [&](ValueId input) { return graph.value(input).constant.has_value(); });
  const auto& of_layer = graph.value(output).shape;
  const auto& of_sum = graph.value(reader.outputs[0]).shape;
  const bool same_channels =
      of_layer && of_sum && of_layer->size() == 4 && of_sum->size() == 4 && (*of_layer)[1].size == (*of_sum)[1].size;
  return adds && same_channels ? uses[0].node : layer;
}

// Products of what a layer sees (patch, then 1) and of what it lacks, over inputs of one half.
struct Sums {
  explicit Sums(std::size_t size) : products(size) {}
  Triangle products;
  double count = 0;
};

class LayerFit {
 public:
  LayerFit(NodeId node, NodeId end, const Window& window, std::size_t outputs, std::uint64_t seed)
      : layer(node),
        compared(end),
        window_(window),
        patch_(static_cast<std::size_t>(window.size())),
        outputs_(outputs),
        seed_(seed),
        halves_{Sums(patch_ + 1 + outputs), Sums(patch_ + 1 + outputs)} {}

  // What the float network has there, of one input after the other.
  void see_exact(std::span<const std::int64_t> shape, std::span<const float> elements) {
    exact_.push_back(at_positions(exact_.size(), shape, elements));
  }
  void see_input(std::span<const std::int64_t> shape, std::span<const float> elements) {
    const auto [rows, columns] = window_.output_size(static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    const std::vector<Position> positions = positions_of(inputs_seen_, shape[0], rows, columns);
    rows_.assign(positions.size() * stride(), 0.0F);
    gather_patches(window_, shape, elements, positions, rows_.data(), stride());
  }
  void see_rounded(std::span<const std::int64_t> shape, std::span<const float> elements) {
    const std::vector<float> rounded = at_positions(inputs_seen_, shape, elements);
    std::vector<float>& exact = exact_[inputs_seen_];
    const std::size_t count = rounded.size() / outputs_;
    for (std::size_t s = 0; s < count; ++s) {
      float* row = &rows_[s * stride()];
      row[patch_] = 1;
      for (std::size_t o = 0; o < outputs_; ++o)
        row[patch_ + 1 + o] = exact[s * outputs_ + o] - rounded[s * outputs_ + o];
    }
    Sums& half = halves_[inputs_seen_ * 2 / exact_.size()];
    add_products(half.products, {rows_.data(), stride(), count});
    half.count += static_cast<double>(count);
    exact = {};
    ++inputs_seen_;
  }

  // What to add to the weights, [output][patch], and behind them to the biases; none where that gains nothing.
  [[nodiscard]] std::optional<std::vector<float>> change() const {
    const double samples = halves_[0].count + halves_[1].count;
    if (samples < kSamplesOfElement * static_cast<double>(patch_) || halves_[1].count == 0) return std::nullopt;
    const double before = error(halves_[0]) + error(halves_[1]);
    double least = INFINITY;
    float best = 0;
    for (const float ridge : kRidges) {
      double sum = 0;
      for (const std::size_t i : {0U, 1U}) {
        const auto solution = solved(halves_[i].products, halves_[i].count, ridge);
        sum += solution ? error(halves_[1 - i], *solution) : INFINITY;
      }
      if (sum < least) {
        least = sum;
        best = ridge;
      }
    }
    if (!(least < (1 - kLeastGain) * before)) return std::nullopt;
    return solved(together(), samples, best);
  }
  [[nodiscard]] PatchMoments moments() const {
    const Triangle all = together();
    Triangle sums(patch_);
    for (std::size_t i = 0; i < patch_; ++i) std::copy(all.row(i) + i, all.row(i) + patch_, sums.row(i) + i);
    return {window_, std::move(sums), halves_[0].count + halves_[1].count};
  }

  const NodeId layer, compared;

 private:
  [[nodiscard]] std::size_t stride() const { return halves_[0].products.stride; }

  [[nodiscard]] std::vector<Position> positions_of(std::size_t input, std::int64_t batches, int rows,
                                                   int columns) const {
    std::mt19937_64 random(seed_ + input);
    const auto count = static_cast<std::size_t>(std::max(kShareOfPositions * rows * columns, 16.0));
    return choose_positions(count, batches, rows, columns, random);
  }

  // [position][output]
  [[nodiscard]] std::vector<float> at_positions(std::size_t input, std::span<const std::int64_t> shape,
                                                std::span<const float> elements) const {
    const std::vector<Position> positions =
        positions_of(input, shape[0], static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    const std::size_t plane = static_cast<std::size_t>(shape[2] * shape[3]);
    std::vector<float> values(positions.size() * outputs_);
    for (std::size_t o = 0; o < outputs_; ++o)
      for (std::size_t s = 0; s < positions.size(); ++s) {
        const Position& p = positions[s];
        values[s * outputs_ + o] =
            elements[(p.batch * outputs_ + o) * plane + static_cast<std::size_t>(p.y) * shape[3] + p.x];
      }
    return values;
  }

  [[nodiscard]] Triangle together() const {
    Triangle sum = halves_[0].products;
    for (std::size_t i = 0; i < sum.elements.size(); ++i) sum.elements[i] += halves_[1].products.elements[i];
    return sum;
  }

  // [output][patch and 1]; none where the moments cannot be factored.
  [[nodiscard]] std::optional<std::vector<float>> solved(const Triangle& products, double count, float ridge) const {
    const std::size_t size = patch_ + 1;
    Triangle factor(size);
    float mean = 0;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = i; j < size; ++j) factor.row(i)[j] = products.row(i)[j] / static_cast<float>(count);
      if (i < patch_) mean += factor.row(i)[i] / static_cast<float>(patch_);
    }
    for (std::size_t i = 0; i < patch_; ++i) factor.row(i)[i] += std::max(ridge * mean, 1e-20F);
    if (!factor_cholesky(factor)) return std::nullopt;
    std::vector<float> rights(outputs_ * size);
    for (std::size_t o = 0; o < outputs_; ++o)
      for (std::size_t i = 0; i < size; ++i)
        rights[o * size + i] = products.row(i)[size + o] / static_cast<float>(count);
    solve(factor, rights);
    return rights;
  }

  // Mean squared error, summed over outputs, as it is.
  [[nodiscard]] double error(const Sums& half) const {
    double sum = 0;
    for (std::size_t i = patch_ + 1; i < half.products.size; ++i) sum += half.products.row(i)[i];
    return sum / half.count;
  }
  // And what the change leaves of it: r^2 - 2 r d x + (d x)^2.
  [[nodiscard]] double error(const Sums& half, const std::vector<float>& change) const {
    const std::size_t size = patch_ + 1;
    double sum = 0;
    for (std::size_t o = 0; o < outputs_; ++o) {
      const float* own = &change[o * size];
      sum += half.products.row(size + o)[size + o];
      for (std::size_t i = 0; i < size; ++i) {
        const float* row = half.products.row(i);
        double products = 0;
        for (std::size_t j = i + 1; j < size; ++j) products += static_cast<double>(row[j]) * own[j];
        sum += own[i] * (2 * products + static_cast<double>(row[i]) * own[i] - 2 * static_cast<double>(row[size + o]));
      }
    }
    return sum / half.count;
  }

  Window window_;
  std::size_t patch_, outputs_;
  std::uint64_t seed_;
  std::array<Sums, 2> halves_;
  std::vector<std::vector<float>> exact_;  // of each input
  std::vector<float> rows_;                // of the input that runs
  std::size_t inputs_seen_ = 0;
};

using Seen =
    std::multimap<std::string, std::function<void(std::span<const std::int64_t>, std::span<const float>)>, std::less<>>;

// Runs the part of the graph that the layers need, and shows them the values.
Result<void> watch(Graph graph, const std::vector<NodeId>& ends, const Seen& seen, std::span<const Batch> inputs,
                   const Execute& execute) {
  graph.outputs.clear();
  for (const NodeId node : ends) {
    const ValueId value = graph.node(node).outputs[0];
    if (!graph.is_output(value)) graph.outputs.push_back(value);
  }
  graph.erase_unused();
  std::vector<ValueId> tapped;
  for (const ValueId input : graph.inputs)
    if (seen.contains(graph.value(input).name)) tapped.push_back(input);
  for (const NodeId node : graph.sorted())
    for (const ValueId value : graph.node(node).outputs)
      if (value != ir::kNoValue && seen.contains(graph.value(value).name)) tapped.push_back(value);
  pass::insert_taps(graph, tapped);
  return execute(graph, inputs,
                 [&](std::string_view name, std::span<const std::int64_t> shape, std::span<const float> elements) {
                   const auto [first, last] = seen.equal_range(name);
                   for (auto each = first; each != last; ++each) each->second(shape, elements);
                 },
                 {});
}

Result<void> reconstruct_block(std::span<const NodeId> layers, const Twins& twins, std::span<const Batch> inputs,
                               const Execute& execute, std::uint64_t seed, Reconstructions& found) {
  std::vector<LayerFit> fits;
  std::vector<NodeId> ends;
  for (const NodeId layer : layers) {
    const auto window = window_of(twins.exact, layer);
    if (!window.ok() || has_computed_bias(twins.exact, layer)) continue;
    const NodeId compared = compared_at(twins.exact, layer);
    const auto outputs = static_cast<std::size_t>(twins.exact.constant_input(layer, 1)->shape[0]);
    fits.emplace_back(layer, compared, *window, outputs, seed + static_cast<std::uint64_t>(layer) * inputs.size());
    ends.push_back(compared);
  }
  if (fits.empty()) return {};
  Graph rounded_twin = twins.quantized;
  MANTISSA_TRY(pass::lower_to_qdq(rounded_twin, twins.style));
  const auto name_behind = [](const Graph& graph, NodeId node) {
    return graph.value(graph.node(node).outputs[0]).name;
  };
  Seen exact, rounded;
  for (LayerFit& fit : fits) {
    exact.emplace(name_behind(twins.exact, fit.compared),
                  [&fit](const auto& shape, const auto& elements) { fit.see_exact(shape, elements); });
    rounded.emplace(rounded_twin.value(rounded_twin.node(fit.layer).inputs[0]).name,
                    [&fit](const auto& shape, const auto& elements) { fit.see_input(shape, elements); });
    rounded.emplace(name_behind(rounded_twin, fit.compared),
                    [&fit](const auto& shape, const auto& elements) { fit.see_rounded(shape, elements); });
  }
  MANTISSA_TRY(watch(twins.exact, ends, exact, inputs, execute));
  MANTISSA_TRY(watch(std::move(rounded_twin), ends, rounded, inputs, execute));
  for (const LayerFit& fit : fits) {
    const auto change = fit.change();
    if (!change) continue;
    const ir::Tensor& now = *twins.quantized.constant_input(fit.layer, 1);
    MANTISSA_ASSIGN(std::vector<float> weights, now.floats());
    std::vector<float> bias(static_cast<std::size_t>(now.shape[0]), 0.0F);
    if (const ir::Tensor* constant = twins.quantized.constant_input(fit.layer, 2)) {
      MANTISSA_ASSIGN(bias, constant->floats());
    }
    const std::size_t patch = weights.size() / bias.size();
    for (std::size_t o = 0; o < bias.size(); ++o) {
      for (std::size_t i = 0; i < patch; ++i) weights[o * patch + i] += (*change)[o * (patch + 1) + i];
      bias[o] += (*change)[o * (patch + 1) + patch];
    }
    found.insert_or_assign(fit.layer, Reconstruction{ir::Tensor::of_floats(now.shape, std::move(weights)),
                                                     std::move(bias), fit.moments()});
  }
  return {};
}

}  // namespace

Result<Reconstructions> reconstruct(const std::vector<NodeId>& layers,
                                    const std::function<Result<Twins>(const Reconstructions&)>& make,
                                    std::span<const Batch> inputs, const Execute& execute,
                                    const ReconstructOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.budget;
  Reconstructions found;
  const std::size_t blocks = std::min(kMostBlocks, layers.size());
  base::Progress progress("Reconstructing", static_cast<std::int64_t>(blocks), "blocks");
  for (std::size_t block = 0; block < blocks; ++block) {
    MANTISSA_TRY(base::check_interrupt());
    if (std::chrono::steady_clock::now() > deadline) break;
    const std::size_t first = layers.size() * block / blocks, last = layers.size() * (block + 1) / blocks;
    MANTISSA_ASSIGN(const Twins twins, make(found));
    MANTISSA_TRY(
        reconstruct_block(std::span(layers).subspan(first, last - first), twins, inputs, execute, options.seed, found));
    progress.advance();
  }
  return found;
}

}  // namespace mantissa::quant
