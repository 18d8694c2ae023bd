#include "quant/quantize.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/threads.h"
#include "quant/choose_range.h"
#include "quant/correct_bias.h"
#include "quant/end_of_graph.h"
#include "quant/scale_channels.h"
#include "quant/weight_layers.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// Of an output, the share that must lie between black and white, or a little beyond, if those are to be believed.
constexpr double kShareOfPicture = 0.9;

double share_of_picture(const Histogram& histogram, double black, double white) {
  const double low = black - 0.05 * (white - black), high = white + 0.05 * (white - black);
  double inside = 0, all = 0;
  for (int i = 0; i < Histogram::kBins; ++i) {
    const double count = histogram.bins()[static_cast<std::size_t>(i)], x = histogram.bin_centre(i);
    all += count;
    if (x >= low && x <= high) inside += count;
  }
  return all > 0 ? inside / all : 0;
}

class Quantizer {
 public:
  Quantizer(Graph graph, const Statistics& statistics, const QuantizeOptions& options)
      : graph_(std::move(graph)),
        statistics_(statistics),
        options_(options),
        rounded_(options.cache != nullptr ? options.cache : &own_),
        end_(values_at_the_end(graph_)) {}

  Result<Graph> run() {
    if (base::needs_scale(options_.activations)) {
      MANTISSA_TRY(settle_channel_scales(graph_, statistics_, options_.style));
      for (const ValueId id : plan::values_to_quantize(graph_, options_.style)) MANTISSA_TRY(annotate(id));
    }
    std::vector<NodeId> layers;
    for (const NodeId id : graph_.sorted())
      if (has_weights(graph_.node(id)) && base::needs_scale(graph_.node(id).format)) layers.push_back(id);
    MANTISSA_TRY(round(layers));
    for (const NodeId id : layers) MANTISSA_TRY(quantize_weights(id).in(graph_.describe(id)));
    return std::move(graph_);
  }

 private:
  Result<const ValueStatistics*> observed(ValueId id) const {
    const auto entry = statistics_.values.find(graph_.value(id).name);
    if (entry == statistics_.values.end())
      return internal_error("the value " + graph_.value(id).name + " was not observed");
    return &entry->second;
  }

  Result<void> annotate(ValueId id) {
    ir::Value& value = graph_.value(id);
    if (value.producer != ir::kNoNode && plan::only_moves_data(graph_.node(value.producer))) {
      const ir::Value& moved = graph_.value(graph_.node(value.producer).inputs[0]);
      if (moved.quantization) {  // the same numbers elsewhere: the same annotation, so that moving them is exact
        value.quantization = moved.quantization;
        return {};
      }
    }
    MANTISSA_ASSIGN(const ValueStatistics* statistics, observed(id));
    value.quantization = range_of(id, statistics->histogram());
    return {};
  }

  ir::Quantization range_of(ValueId id, const Histogram& histogram) const {
    const auto [black, white] = options_.picture_range;
    const bool in_picture_range = histogram.minimum() >= black && histogram.maximum() <= white;
    if (id == graph_.inputs.front() && in_picture_range)  // 256 steps from black to white hold an 8-bit picture exactly
      return range_between(black, white, options_.activations);
    // A picture is clipped to black and white by whoever shows it: what lies beyond needs no steps.
    const auto [black_out, white_out] = options_.output_range;
    if (is_picture(id) && share_of_picture(histogram, black_out, white_out) > kShareOfPicture)
      return range_between(std::max(histogram.minimum(), black_out), std::min(histogram.maximum(), white_out),
                           format_for(histogram));
    const bool is_input = graph_.value(id).producer == ir::kNoNode;
    const bool clip_nothing = is_input || end_.contains(id) || !options_.techniques.least_squares;
    return choose_range(histogram, clip_nothing ? RangeMethod::minimum_maximum : RangeMethod::least_squares,
                        format_for(histogram));
  }

  [[nodiscard]] base::NumberFormat format_for(const Histogram& histogram) const {
    const bool needs_zero_point = options_.activations == base::NumberFormat::uint8 && histogram.minimum() < 0;
    return needs_zero_point && !options_.zero_points ? base::NumberFormat::int8 : options_.activations;
  }

  // Whether the value is the graph's output, moved and clipped at most.
  bool is_picture(ValueId id) const {
    if (graph_.is_output(id)) return true;
    const std::vector<ir::Use>& uses = graph_.value(id).uses;
    if (uses.size() != 1) return false;
    const ir::Node& reader = graph_.node(uses[0].node);
    return (plan::only_moves_data(reader) || reader.op == "Clip") && is_picture(reader.outputs[0]);
  }

  Result<void> quantize_weights(NodeId id) {
    const ValueId input = graph_.node(id).inputs[0];
    const ValueId weight = own_copy(id, 1);
    if (const Reconstruction* found = reconstruction_of(id)) {
      graph_.value(weight).constant = found->weights;
      const std::string name = graph_.value(graph_.node(id).outputs[0]).name + "_bias";
      const auto outputs = static_cast<std::int64_t>(found->bias.size());
      graph_.set_input(id, 2, graph_.add_constant(name, ir::Tensor::of_floats({outputs}, found->bias)));
    }
    MANTISSA_ASSIGN(const std::vector<float> before, graph_.value(weight).constant->floats());
    const RoundedWeights& rounded = rounded_->at({id, graph_.node(id).format});
    graph_.value(weight).constant = rounded.values;
    graph_.value(weight).quantization = rounded.annotation;
    if (graph_.node(id).op == "Conv" && options_.techniques.bias_correction) {
      MANTISSA_ASSIGN(const ValueStatistics* statistics, observed(input));
      MANTISSA_TRY(correct_bias(graph_, id, before, *statistics));
    }
    if (options_.style == pass::QdqStyle::closed && graph_.constant_input(id, 2) != nullptr)
      annotate_bias(id, input, weight);
    return {};
  }

  // Those weights that were not rounded before. A layer takes as much memory as its moments while it is worked on.
  Result<void> round(std::vector<NodeId> layers) {
    std::erase_if(layers, [&](NodeId id) { return rounded_->contains({id, graph_.node(id).format}); });
    std::vector<Result<RoundedWeights>> rounded(layers.size(), Result<RoundedWeights>(internal_error("not rounded")));
    base::parallel_for(layers.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const Reconstruction* found = reconstruction_of(layers[i]);
        const ir::Tensor& weights = found != nullptr ? found->weights : *graph_.constant_input(layers[i], 1);
        rounded[i] = round_weights(weights, output_axis(graph_, layers[i]), grid_of(layers[i]), facts_of(layers[i]));
      }
    });
    for (std::size_t i = 0; i < layers.size(); ++i) {
      MANTISSA_ASSIGN(RoundedWeights weights, std::move(rounded[i]).in(graph_.describe(layers[i])));
      rounded_->emplace(std::pair(layers[i], graph_.node(layers[i]).format), std::move(weights));
    }
    return {};
  }

  [[nodiscard]] const WeightGrid& grid_of(NodeId id) const {
    return graph_.node(id).format == NumberFormat::int4 ? options_.four_bits : options_.weights;
  }

  [[nodiscard]] LayerFacts facts_of(NodeId id) const {
    const ir::Node& node = graph_.node(id);
    LayerFacts layer;
    if (const auto moments = statistics_.moments.find(id); moments != statistics_.moments.end())
      layer.moments = &moments->second;
    layer.compensate = options_.techniques.gptq;
    if (options_.techniques.expected_noise) layer.noise = noise_of(graph_.value(node.inputs[0]));
    if (options_.pair_limit > 0) layer.pair_limit = pair_limit_of(id);
    if (const Reconstruction* found = reconstruction_of(id)) {  // against what has the noise in it
      layer.moments = &found->moments;
      layer.noise = 0;
    }
    if (node.op != "Conv") return layer;
    layer.groups = static_cast<std::size_t>(graph_.integer(id, "group", 1));
    const std::vector<std::int64_t>& shape = graph_.constant_input(id, 1)->shape;
    for (std::size_t d = 2; d < shape.size(); ++d) layer.taps *= static_cast<std::size_t>(shape[d]);
    return layer;
  }

  [[nodiscard]] const Reconstruction* reconstruction_of(NodeId id) const {
    if (options_.reconstructions == nullptr) return nullptr;
    const auto found = options_.reconstructions->find(id);
    return found == options_.reconstructions->end() ? nullptr : &found->second;
  }

  // Variance of what rounding adds to a value.
  static float noise_of(const ir::Value& value) {
    if (!value.quantization) return 0;                            // weights alone
    if (base::is_floating(value.quantization->format)) return 0;  // goes with the number, and is less
    return value.quantization->scales[0] * value.quantization->scales[0] / 12;
  }

  [[nodiscard]] PairLimit pair_limit_of(NodeId id) const {
    const ir::Tensor& weight = *graph_.constant_input(id, 1);
    const ir::Value& input = graph_.value(graph_.node(id).inputs[0]);
    const bool convolution = graph_.node(id).op == "Conv";
    const std::int64_t inputs = convolution
                                    ? weight.shape[1] * graph_.integer(id, "group", 1)
                                    : weight.count() / weight.shape[static_cast<std::size_t>(output_axis(graph_, id))];
    PairLimit limit{static_cast<float>(options_.pair_limit), std::vector<Reach>(static_cast<std::size_t>(inputs))};
    const auto seen = statistics_.values.find(input.name);
    if (!convolution || seen == statistics_.values.end() || seen->second.channels.size() != limit.inputs.size())
      return limit;
    for (std::size_t c = 0; c < limit.inputs.size(); ++c)
      limit.inputs[c] =
          reach_of(seen->second.channels[c], input.quantization->scales[0], input.quantization->zero_points[0]);
    return limit;
  }

  // Integer kernels add the bias to their sums: int32 in steps of input scale times weight scale.
  void annotate_bias(NodeId id, ValueId input, ValueId weight) {
    const ValueId bias = own_copy(id, 2);
    const float input_scale = graph_.value(input).quantization->scales[0];
    ir::Quantization annotation{NumberFormat::int32, {}, {}, 0};
    for (const float scale : graph_.value(weight).quantization->scales) {
      annotation.scales.push_back(input_scale * scale);
      annotation.zero_points.push_back(0);
    }
    graph_.value(bias).quantization = std::move(annotation);
  }

  // A constant that no other node reads, so that it can be changed.
  ValueId own_copy(NodeId id, int index) {
    const ValueId old = graph_.node(id).inputs[static_cast<std::size_t>(index)];
    if (graph_.value(old).uses.size() == 1) return old;
    const ir::Tensor constant = *graph_.value(old).constant;
    const ValueId copy = graph_.add_constant(graph_.value(old).name, constant);
    graph_.set_input(id, index, copy);
    return copy;
  }

  Graph graph_;
  const Statistics& statistics_;
  const QuantizeOptions& options_;
  WeightCache own_;
  WeightCache* rounded_;
  std::set<ValueId> end_;
};

}  // namespace

Result<Graph> quantize(const Graph& graph, const plan::Plan& plan, const Statistics& statistics,
                       const QuantizeOptions& options) {
  Graph planned = graph;
  plan::apply(plan, planned);
  return Quantizer(std::move(planned), statistics, options).run();
}

}  // namespace mantissa::quant
