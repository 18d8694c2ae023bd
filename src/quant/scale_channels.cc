#include "quant/scale_channels.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "pass/product_by_channel.h"

namespace mantissa::quant {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

constexpr double kLargestFactor = 32;  // a channel that asks for more carries next to nothing
// Of the share of the range that a channel leaves unused. A power of 1 would trust the observed extent of each channel,
// and other pictures go beyond it: measured on rlfn, the worst tile loses 7 dB against 0.75.
constexpr double kPowers[] = {0.25, 0.5, 0.75};
// Of the squared error of rounding weights to nearest, what is left after compensating: measured on srvgg and rlfn.
constexpr double kRoundingShare = 0.3;
constexpr double kWeightLevels = 127;
constexpr double kSteps = 255;
// Of the expected squared error, what factors must leave to be worth a product that the engine executes.
constexpr double kWorthAProduct = 0.5;

// How one convolution weighs what it reads.
struct Reader {
  NodeId node;
  std::vector<std::vector<double>> largest;  // [output][input of its group]: magnitude of the weights
  std::vector<double> power;                 // [input]: sum of squared weights over outputs and taps
  std::size_t of_group = 0;                  // inputs
  std::size_t groups = 1;
  std::size_t taps = 1;
};

Result<Reader> read_weights(const Graph& graph, NodeId id) {
  const ir::Tensor& weight = *graph.constant_input(id, 1);
  MANTISSA_ASSIGN(const std::vector<float> values, weight.floats());
  Reader reader{
      id, {}, {}, static_cast<std::size_t>(weight.shape[1]), static_cast<std::size_t>(graph.integer(id, "group", 1))};
  const auto outputs = static_cast<std::size_t>(weight.shape[0]);
  const std::size_t taps = values.size() / (outputs * reader.of_group);
  reader.taps = taps;
  reader.largest.assign(outputs, std::vector<double>(reader.of_group, 0.0));
  reader.power.assign(reader.of_group * reader.groups, 0.0);
  for (std::size_t o = 0; o < outputs; ++o) {
    const std::size_t first = o / (outputs / reader.groups) * reader.of_group;
    for (std::size_t i = 0; i < reader.of_group; ++i)
      for (std::size_t t = 0; t < taps; ++t) {
        const double w = values[(o * reader.of_group + i) * taps + t];
        reader.largest[o][i] = std::max(reader.largest[o][i], std::fabs(w));
        reader.power[first + i] += w * w;
      }
  }
  return reader;
}

// Expected squared error of the outputs of a convolution when its weights, divided by the factors, are rounded.
double error_of_weights(const Reader& reader, const std::vector<double>& factors,
                        const std::vector<double>& mean_squares) {
  double error = 0;
  for (std::size_t o = 0; o < reader.largest.size(); ++o) {
    const std::size_t first = o / (reader.largest.size() / reader.groups) * reader.of_group;
    double largest = 0;
    double seen = 0;
    for (std::size_t i = 0; i < reader.of_group; ++i) {
      const double factor = factors[first + i];
      largest = std::max(largest, reader.largest[o][i] / factor);
      seen += mean_squares[first + i] * factor * factor;
    }
    const double step = largest / kWeightLevels;
    error += step * step / 12 * seen * static_cast<double>(reader.taps);
  }
  return kRoundingShare * error;
}

double mean_square(const ChannelStatistics& channel) {
  double sum = 0;
  for (int i = 0; i < ChannelStatistics::kBins; ++i) {
    const double x = channel.reach() * (2.0 * (i + 0.5) / ChannelStatistics::kBins - 1);
    sum += x * x * channel.bins()[static_cast<std::size_t>(i)];
  }
  return channel.count() > 0 ? sum / static_cast<double>(channel.count()) : 0;
}

// The scale that a channel needs for itself when all share a zero point.
double own_scale(const ChannelStatistics& channel, double zero_point) {
  return std::max({channel.maximum() / (kSteps - zero_point), -channel.minimum() / std::max(zero_point, 1e-9), 0.0});
}

class Choice {
 public:
  Choice(const std::vector<Reader>& readers, bool others_read, const ValueStatistics& statistics, bool zero_points)
      : readers_(readers),
        channels_(statistics.channels),
        symmetric_(!zero_points && std::any_of(channels_.begin(), channels_.end(),
                                               [](const ChannelStatistics& channel) { return channel.minimum() < 0; })),
        power_(channels_.size(), 0.0) {
    for (const ChannelStatistics& channel : channels_) mean_squares_.push_back(mean_square(channel));
    for (const Reader& reader : readers)
      for (std::size_t c = 0; c < power_.size(); ++c) power_[c] += reader.power[c];
    // What others make of a channel is not known: each is as good as the average one.
    const double average = std::accumulate(power_.begin(), power_.end(), 0.0) / static_cast<double>(power_.size());
    if (others_read)
      for (double& power : power_) power += average > 0 ? average : 1;
  }

  // Empty where no choice leaves less than this share of the error with one scale for all.
  [[nodiscard]] std::vector<double> factors(double share) const {
    std::vector<double> best;
    double least = share * error(std::vector<double>(channels_.size(), 1.0));
    const std::vector<double> scales = own_scales();
    for (const double power : kPowers) {
      std::vector<double> candidate = with_power(scales, power);
      const double expected = error(candidate);
      if (expected >= least) continue;
      least = expected;
      best = std::move(candidate);
    }
    return best;
  }

 private:
  // The scale that each channel would need for itself, with the zero point that makes them smallest together.
  [[nodiscard]] std::vector<double> own_scales() const {
    double zero_point = 0;
    double least = INFINITY;
    if (symmetric_) zero_point = kSteps / 2;
    for (int candidate = 0; !symmetric_ && candidate <= static_cast<int>(kSteps) - 8; candidate += 4) {
      double sum = 0;
      for (std::size_t c = 0; c < channels_.size(); ++c) {
        const double scale = own_scale(channels_[c], candidate);
        sum += power_[c] * scale * scale;
      }
      if (sum >= least) continue;
      least = sum;
      zero_point = candidate;
    }
    std::vector<double> scales;
    for (const ChannelStatistics& channel : channels_) scales.push_back(own_scale(channel, zero_point));
    return scales;
  }

  [[nodiscard]] static std::vector<double> with_power(std::vector<double> scales, double power) {
    const double widest = *std::max_element(scales.begin(), scales.end());
    for (double& scale : scales) scale = scale > 0 ? std::min(std::pow(widest / scale, power), kLargestFactor) : 1;
    return scales;
  }

  [[nodiscard]] double error(const std::vector<double>& factors) const {
    double low = 0, high = 0;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      low = std::min(low, channels_[c].minimum() * factors[c]);
      high = std::max(high, channels_[c].maximum() * factors[c]);
    }
    const double step = (symmetric_ ? 2 * std::max(high, -low) : high - low) / kSteps;
    double sum = 0;
    for (std::size_t c = 0; c < channels_.size(); ++c) sum += power_[c] * step * step / (12 * factors[c] * factors[c]);
    for (const Reader& reader : readers_) sum += error_of_weights(reader, factors, mean_squares_);
    return sum;
  }

  const std::vector<Reader>& readers_;
  const std::vector<ChannelStatistics>& channels_;
  bool symmetric_;
  std::vector<double> mean_squares_;
  std::vector<double> power_;
};

bool is_convolution(const Graph& graph, NodeId id) {
  const ir::Tensor* weight = graph.node(id).op == "Conv" ? graph.constant_input(id, 1) : nullptr;
  return weight != nullptr && weight->shape.size() == 4;
}

// Operators that engines compute on integers, with one scale for all channels, when what they read and give is
// quantized.
bool works_on_integers(const ir::Node& node) {
  static const std::set<std::string, std::less<>> kOperators = {"Relu", "LeakyRelu", "DepthToSpace"};
  return kOperators.contains(node.op);
}

// Whether `id` may get factors: in the closed style, what comes out of a convolution only if no kernel on integers
// follows.
bool can_be_scaled(const Graph& graph, ValueId id, pass::QdqStyle style) {
  if (style == pass::QdqStyle::inputs_only) return true;
  const ir::Value& value = graph.value(id);
  if (works_on_integers(graph.node(value.producer))) return false;
  if (!is_convolution(graph, value.producer)) return true;
  if (graph.is_output(id) ||
      (graph.node(value.producer).inputs.size() > 2 && graph.constant_input(value.producer, 2) == nullptr))
    return false;
  return std::none_of(value.uses.begin(), value.uses.end(),
                      [&](const ir::Use& use) { return works_on_integers(graph.node(use.node)); });
}

// Weights that read channel c are multiplied by factor(c).
Result<void> scale_weights(Graph& graph, NodeId convolution, const std::function<double(std::size_t)>& factor) {
  const ir::Tensor& weight = *graph.constant_input(convolution, 1);
  const auto outputs = static_cast<std::size_t>(weight.shape[0]);
  const auto of_group = static_cast<std::size_t>(weight.shape[1]);
  const auto groups = static_cast<std::size_t>(graph.integer(convolution, "group", 1));
  const std::size_t of_output = static_cast<std::size_t>(weight.count()) / outputs;
  const std::size_t taps = of_output / of_group;
  return pass::scale_constant(graph, convolution, 1, "_scaled", [&](std::size_t i) {
    return factor(i / of_output / (outputs / groups) * of_group + i % of_output / taps);
  });
}

// factor(o) times output channel o.
Result<void> scale_outputs(Graph& graph, NodeId convolution, const std::vector<float>& factors) {
  for (const int input : {1, 2}) {
    const ir::Tensor* constant = graph.constant_input(convolution, static_cast<std::size_t>(input));
    if (constant == nullptr) continue;
    const std::size_t of_output = static_cast<std::size_t>(constant->count()) / factors.size();
    MANTISSA_TRY(pass::scale_constant(graph, convolution, input, "_scaled",
                                      [&](std::size_t i) { return static_cast<double>(factors[i / of_output]); }));
  }
  return {};
}

ValueId add_product(Graph& graph, ValueId id, const std::string& name, const std::vector<float>& factors) {
  const ValueId constant = graph.add_constant(
      name + "_factors", ir::Tensor::of_floats({static_cast<std::int64_t>(factors.size()), 1, 1}, factors));
  const ValueId product = graph.add("Mul", {id, constant}, {}, name);
  graph.value(product).format = graph.value(id).format;
  graph.value(product).shape = graph.value(id).shape;
  return product;
}

Result<void> insert_products(Graph& graph, ValueId id, const std::vector<Reader>& readers,
                             const std::vector<double>& factors, bool for_all, Statistics& statistics) {
  const std::string name = graph.value(id).name;
  const std::vector<ir::Use> uses = graph.value(id).uses;
  const ValueId product = add_product(graph, id, name + "_scaled", {factors.begin(), factors.end()});
  ValueStatistics scaled = statistics.values.find(name)->second;
  for (std::size_t c = 0; c < factors.size(); ++c) scaled.channels[c].scale(factors[c]);
  statistics.values.insert_or_assign(graph.value(product).name, std::move(scaled));
  const auto is_reader = [&](const ir::Use& use) {
    return use.input == 0 &&
           std::any_of(readers.begin(), readers.end(), [&](const Reader& r) { return r.node == use.node; });
  };
  for (const Reader& reader : readers) {
    graph.set_input(reader.node, 0, product);
    MANTISSA_TRY(scale_weights(graph, reader.node, [&](std::size_t c) { return 1 / factors[c]; }));
    if (const auto moments = statistics.moments.find(reader.node); moments != statistics.moments.end())
      moments->second.scale_channels(factors);
  }
  if (!for_all || std::all_of(uses.begin(), uses.end(), is_reader)) return {};
  std::vector<float> inverse;
  inverse.reserve(factors.size());
  for (const double factor : factors) inverse.push_back(static_cast<float>(1 / factor));
  const ValueId back = add_product(graph, product, name + "_unscaled", inverse);
  statistics.values.insert_or_assign(graph.value(back).name, statistics.values.find(name)->second);
  for (const ir::Use& use : uses)
    if (!is_reader(use)) graph.set_input(use.node, use.input, back);
  return {};
}

// Behind an integer convolution: into its weights. Its result takes over the name under which the product was observed.
Result<void> fold_into_convolution(Graph& graph, NodeId convolution, const Statistics& statistics) {
  const ValueId result = graph.node(convolution).outputs[0];
  const NodeId reader = graph.only_reader(result);
  if (reader == ir::kNoNode) return {};
  const ValueId product = graph.node(reader).outputs[0];
  const auto factors = pass::product_by_channel(graph, product);
  if (!factors || !statistics.values.contains(graph.value(product).name)) return {};
  MANTISSA_TRY(scale_outputs(graph, convolution, factors->constants));
  graph.replace(product, result);
  return {};
}

// Two products behind each other that came from insert_products cancel.
void cancel_inverse(Graph& graph, NodeId node) {
  const ValueId result = graph.node(node).outputs.empty() ? ir::kNoValue : graph.node(node).outputs[0];
  if (result == ir::kNoValue) return;
  const auto inverse = pass::product_by_channel(graph, result);
  const auto factors = inverse ? pass::product_by_channel(graph, inverse->factor) : std::nullopt;
  if (!factors || factors->constants.size() != inverse->constants.size()) return;
  for (std::size_t c = 0; c < factors->constants.size(); ++c)
    if (std::fabs(factors->constants[c] * inverse->constants[c] - 1) > 1e-5F) return;
  graph.replace_uses(result, factors->factor);
}

}  // namespace

Result<int> scale_channels(Graph& graph, Statistics& statistics, pass::QdqStyle style, bool zero_points) {
  int count = 0;
  for (const NodeId producer : graph.sorted())
    for (const ValueId id : std::vector<ValueId>(graph.node(producer).outputs)) {
      if (id == ir::kNoValue || !can_be_scaled(graph, id, style)) continue;
      const auto observed = statistics.values.find(graph.value(id).name);
      if (observed == statistics.values.end()) continue;
      std::vector<Reader> readers;
      for (const ir::Use& use : graph.value(id).uses)
        if (use.input == 0 && is_convolution(graph, use.node)) {
          MANTISSA_ASSIGN(Reader reader, read_weights(graph, use.node));
          if (reader.power.size() == observed->second.channels.size()) readers.push_back(std::move(reader));
        }
      const bool for_all = style == pass::QdqStyle::closed && is_convolution(graph, producer);
      const bool others_read = for_all && readers.size() < graph.value(id).uses.size();
      if ((readers.empty() && !others_read) || observed->second.channels.size() < 2) continue;
      const bool is_free = style == pass::QdqStyle::inputs_only || (for_all && !others_read);
      const std::vector<double> factors =
          Choice(readers, others_read, observed->second, zero_points).factors(is_free ? 1 : kWorthAProduct);
      if (factors.empty()) continue;
      MANTISSA_TRY(insert_products(graph, id, readers, factors, for_all, statistics));
      ++count;
    }
  graph.erase_unused();
  return count;
}

Result<void> settle_channel_scales(Graph& graph, const Statistics& statistics, pass::QdqStyle style) {
  for (const NodeId id : graph.sorted()) {
    const bool in_eight_bits = is_convolution(graph, id) && base::needs_scale(graph.node(id).format);
    if (in_eight_bits && style == pass::QdqStyle::closed) MANTISSA_TRY(fold_into_convolution(graph, id, statistics));
  }
  for (const NodeId id : graph.sorted()) {
    cancel_inverse(graph, id);
    if (!is_convolution(graph, id) || base::needs_scale(graph.node(id).format)) continue;
    const auto product = pass::product_by_channel(graph, graph.node(id).inputs[0]);
    if (!product) continue;
    MANTISSA_TRY(scale_weights(graph, id, [&](std::size_t c) { return static_cast<double>(product->constants[c]); }));
    graph.set_input(id, 0, product->factor);
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::quant
