#include "release/trial.h"

#include <algorithm>
#include <map>

#include "base/cpu.h"
#include "base/progress.h"
#include "base/work_clock.h"
#include "pass/keep_reduced_dimensions.h"
#include "pass/spell_out_prelu.h"
#include "quant/equalize_layers.h"
#include "quant/scale_channels.h"
#include "release/engines.h"

namespace mantissa::release {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::NodeId;

// Levels, as kFlatMargin: the closed form rounds once more what the last layer's fit made.
constexpr double kFlatMarginClosed = -0.2;
quant::WeightGrid eight_bit_grid(const target::VariantFormat& format) {
  if (format.weights == NumberFormat::int4) return {};  // of what four bits would cost too much
  return {format.weights, static_cast<float>(format.weight_levels)};
}

// Judged by the machine at hand, where the file is made and will most likely run; it is right on others too.
bool needs_zero_points(const target::ArtifactSpec& spec) {
  return spec.no_zero_points_with.empty() || !target::meets(base::cpu(), spec.no_zero_points_with);
}

}  // namespace

pass::QdqStyle style_of(const target::ArtifactSpec& spec) {
  return spec.qdq == "closed" ? pass::QdqStyle::closed : pass::QdqStyle::inputs_only;
}

Trial::Trial(const net::Network& network, const target::FileToMake& file, quant::Statistics statistics,
             const Calibration& calibration, const quant::Techniques& techniques)
    : network_(network),
      file_(file),
      style_(style_of(file.spec)),
      graph_(network.graph),
      statistics_(std::move(statistics)),
      calibration_(calibration),
      tiles_(network.task, calibration, file.spec.variant,
             style_ == pass::QdqStyle::closed ? kFlatMarginClosed : kFlatMargin),
      execute_roughly_(execute_on(kReference, {.optimize = false, .tap = {}})),
      execute_(file.spec.provider.empty() ? execute_roughly_
                                          : execute_on(file.spec.provider, {.floats = file.spec.floats, .tap = {}})),
      options_{style_,
               file.format.activations,
               eight_bit_grid(file.format),
               {NumberFormat::int4, static_cast<float>(file.format.weight_levels), file.format.block},
               file.format.pair_limit,
               needs_zero_points(file.spec),
               {network.task.range_low, network.task.range_high},
               {net::output_range(network.task).low, net::output_range(network.task).high},
               techniques,
               &reconstructions_,
               &rounded_} {
  if (techniques.output_fit) last_layer_ = quant::last_layer(network.graph);
}

Result<void> Trial::balance() {
  if (base::is_floating(file_.format.activations)) return {};  // its precision goes with the number
  // Where channels get scales, only closed chains gain from equalizing layers first.
  const quant::Techniques& techniques = options_.techniques;
  const bool scale = file_.spec.channel_scales && techniques.channel_scales;
  int pairs = 0, values = 0;
  if (techniques.equalization && (style_ == pass::QdqStyle::closed || !scale)) {
    MANTISSA_ASSIGN(pairs, quant::equalize_layers(graph_, statistics_));
  }
  if (scale) {
    MANTISSA_ASSIGN(values, quant::scale_channels(graph_, statistics_, style_, options_.zero_points));
  }
  base::detail(std::to_string(pairs) + " pairs of layers equalized, " + std::to_string(values) +
               " values with a scale for each channel");
  return {};
}

Result<void> Trial::run_fp32(double seconds) {
  const base::WorkClock clock;
  MANTISSA_TRY(tiles_.run_fp32(execute_, network_.graph));
  if (clock.seconds() > seconds) tiles_.keep_share(seconds / clock.seconds());
  if (file_.spec.floats == NumberFormat::float32) return {};
  // That was what a judgement takes. In its floats the network has errors of its own, which are not to be aimed at.
  return tiles_.run_fp32(execute_on(file_.spec.provider, {.floats = NumberFormat::float32, .tap = {}}), network_.graph);
}

void Trial::compute_floats_in(base::NumberFormat floats) {
  execute_ = execute_on(file_.spec.provider, {.floats = floats, .tap = {}});
  fits_.clear();
}

plan::Plan Trial::plan_with(const std::vector<NodeId>& in_float) const {
  std::map<NodeId, std::string> reasons;
  for (const NodeId node : in_float) reasons.emplace(node, "protected: costs the picture more than its integers save");
  plan::Plan plan = plan::plan_eight_bits(network_.graph, style_, options_.weights.format, reasons);
  if (base::needs_scale(file_.format.activations)) return plan;
  for (plan::Choice& choice : plan.choices) {
    if (!base::needs_scale(choice.format)) continue;
    choice.reason = "its weights; it computes in float";
    if (std::find(four_bits_.begin(), four_bits_.end(), choice.node) != four_bits_.end())
      choice.format = NumberFormat::int4;
  }
  return plan;
}

void Trial::hold_in_four_bits(std::vector<NodeId> layers) {
  four_bits_ = std::move(layers);
  fits_.clear();
}

Result<Graph> Trial::quantized(const std::vector<NodeId>& in_float) const {
  return quant::quantize(graph_, plan_with(in_float), statistics_, options_);
}

Result<Graph> Trial::lowered(Graph quantized) const {
  MANTISSA_TRY(pass::lower_to_qdq(quantized, style_));
  if (style_ == pass::QdqStyle::inputs_only)
    pass::keep_reduced_dimensions(quantized);
  else
    MANTISSA_TRY(pass::spell_out_prelu(quantized));
  return quantized;
}

Result<quant::Loss> Trial::judge(const std::vector<NodeId>& in_float, quant::Effort effort) {
  MANTISSA_ASSIGN(Graph graph, quantized(in_float));
  MANTISSA_ASSIGN(graph, lowered(std::move(graph)));
  if (effort == quant::Effort::full) return judge_in_full(in_float, graph);
  MANTISSA_ASSIGN(const DecisionTiles::Batches outputs, tiles_.run_hardest(execute_roughly_, graph));
  return tiles_.best_fit(outputs, last_layer_).loss;
}

Result<quant::Loss> Trial::judge_in_full(const std::vector<NodeId>& in_float, const Graph& graph) {
  MANTISSA_ASSIGN(const DecisionTiles::Batches outputs, tiles_.run(execute_, graph));
  DecisionTiles::Judged judged = tiles_.best_fit(outputs, last_layer_);
  fits_.insert_or_assign(in_float, std::move(judged.fit));
  if (!tiles_.knows_hardest() && in_float.empty()) tiles_.put_hardest_first(outputs);
  return judged.loss;
}

Result<std::optional<Trial::Reconstructed>> Trial::reconstruct(const std::vector<NodeId>& in_float,
                                                               const quant::Loss& before,
                                                               std::chrono::duration<double> budget) {
  const plan::Plan plan = plan_with(in_float);
  std::vector<NodeId> layers;
  for (const plan::Choice& choice : plan.choices)
    if (network_.graph.node(choice.node).op == "Conv" && base::needs_scale(choice.format))
      layers.push_back(choice.node);
  const quant::WeightCache weights_before = rounded_;
  const auto fits_before = fits_;
  const auto use = [&](const quant::Reconstructions& found) {
    for (const auto& [layer, reconstruction] : found)
      if (reconstructions_.insert_or_assign(layer, reconstruction).second)
        std::erase_if(rounded_, [&, node = layer](const auto& each) { return each.first.first == node; });
  };
  const auto twins = [&](const quant::Reconstructions& found) -> Result<quant::Twins> {
    use(found);
    Graph exact = graph_;
    plan::apply(plan, exact);
    MANTISSA_TRY(quant::settle_channel_scales(exact, statistics_, style_));
    MANTISSA_ASSIGN(Graph rounded, quantized(in_float));
    return quant::Twins{std::move(exact), std::move(rounded), style_};
  };
  MANTISSA_ASSIGN(const quant::Reconstructions found,
                  quant::reconstruct(layers, twins, calibration_.for_ranges, execute_roughly_, {.budget = budget}));
  use(found);
  MANTISSA_ASSIGN(quant::Loss after, judge(in_float, quant::Effort::full));
  if (after.of_allowed() < before.of_allowed()) return std::optional(Reconstructed{found.size(), std::move(after)});
  reconstructions_.clear();
  rounded_ = weights_before;
  fits_ = fits_before;
  return std::optional<Reconstructed>();
}

Result<Graph> Trial::graph_with(const std::vector<NodeId>& in_float) {
  MANTISSA_ASSIGN(Graph graph, quantized(in_float));
  if (!last_layer_ || !tiles_.has_fp32()) return lowered(std::move(graph));
  if (!fits_.contains(in_float)) {
    MANTISSA_ASSIGN(const Graph unfitted, lowered(graph));
    MANTISSA_TRY(judge_in_full(in_float, unfitted));
  }
  if (const auto& fit = fits_.at(in_float)) MANTISSA_TRY(quant::apply(*fit, *last_layer_, graph));
  return lowered(std::move(graph));
}

}  // namespace mantissa::release
