#include "release/trial.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "base/cpu.h"
#include "base/progress.h"
#include "base/work_clock.h"
#include "format/thresholds.h"
#include "gate/gate.h"
#include "image/metrics.h"
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
using quant::Batch;

// PSNR against fp32 that a form is brought to on the calibration pictures: what the gate asks for (gate/gate.h) and a
// little more, since other pictures will judge.
constexpr double kRequiredWithoutTruth = 46;
constexpr double kLeastRequired = 41;
// Of fp32's PSNR.
constexpr double kRequiredLossPercent = 0.35;
// In dB above what the gate asks of each square: other pictures have harder ones than these, in detail above all.
constexpr double kMarginOfColours = 1.5, kMarginOfDetail = 3, kMarginOfTiles = 2;
constexpr double kMargin = 0.6;  // of the shift that the gate allows
// Levels: the gate sees the same flat pictures, rounded. The closed form rounds once more what the last layer's fit
// made.
constexpr double kFlatMargin = 0.4, kFlatMarginClosed = -0.2;
// Of what is allowed with these margins: within it the gate passes, most likely. Not for flat areas, of which the gate
// sees the same.
constexpr double kBearable = 1.4;
// Of a rough judgement.
constexpr std::size_t kFew = 2;
// Of the squares of tiles that count as the hardest. The very worst alone would say too little about the others.
constexpr double kShareOfHardest = 0.02;
// What flat black and white count in fitting the last layer, against all tiles together.
constexpr double kFlatWeights[] = {0.1, 1};

image::Picture seen(const Batch& output, const net::Task& task) {
  image::Picture picture = picture_of(output, task);
  image::round_to_8_bits(picture);
  return picture;
}

double mean_of_hardest(std::vector<double> errors) {
  if (errors.empty()) return 0;
  std::sort(errors.rbegin(), errors.rend());
  errors.resize(static_cast<std::size_t>(std::ceil(kShareOfHardest * static_cast<double>(errors.size()))));
  return std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size());
}

// How far flat pictures are apart where they do not see the edge, in levels: before rounding, so that a little better
// is less, unless rounding takes them further apart than is allowed.
double flat_difference(const Batch& a, const Batch& b, const net::Task& task, double allowed) {
  std::array<image::Picture, 2> middles = {middle_of_flat(picture_of(a, task), task),
                                           middle_of_flat(picture_of(b, task), task)};
  for (image::Picture& middle : middles)
    for (float& sample : middle.samples) sample = std::clamp(sample, 0.0F, 1.0F);
  const double exact = image::largest_difference(middles[0], middles[1]);
  for (image::Picture& middle : middles) image::round_to_8_bits(middle);
  const double rounded = image::largest_difference(middles[0], middles[1]);
  return rounded > allowed ? std::max(exact, rounded) : exact;
}

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
      inputs_{calibration.flat, calibration.colours, calibration.detail, calibration.for_decisions},
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

// Errors that are independent of the network's own leave the loss allowed: squared errors add up.
double Trial::required_decibels() const {
  if (!calibration_.fp32_psnr) return kRequiredWithoutTruth;
  const double own = *calibration_.fp32_psnr;
  const double loss = kRequiredLossPercent / 100;
  const double allowed = std::pow(10.0, -own * (1 - loss) / 10) - std::pow(10.0, -own / 10);
  return std::max(kLeastRequired, -10 * std::log10(allowed));
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
  MANTISSA_ASSIGN(fp32_, run(execute_, network_.graph, inputs_));
  if (clock.seconds() > seconds) keep_share_of_pictures(seconds / clock.seconds());
  if (file_.spec.floats == NumberFormat::float32) return {};
  // That was what a judgement takes. In its floats the network has errors of its own, which are not to be aimed at.
  const quant::Execute exact = execute_on(file_.spec.provider, {.floats = NumberFormat::float32, .tap = {}});
  MANTISSA_ASSIGN(fp32_, run(exact, network_.graph, inputs_));
  return {};
}

// Evenly, since neighbours come from the same picture.
void Trial::keep_share_of_pictures(double share) {
  for (const auto group : Batches::kPictures) {
    const std::size_t all = (inputs_.*group).size();
    const auto affordable = static_cast<std::size_t>(share * static_cast<double>(all));
    const std::size_t kept = std::min(all, std::max(kFew, affordable));
    for (Batches* batches : {&inputs_, &fp32_}) {
      std::vector<Batch> some;
      for (std::size_t i = 0; i < kept; ++i) some.push_back(std::move((batches->*group)[i * all / kept]));
      batches->*group = std::move(some);
    }
  }
  base::detail("judging takes long: " + std::to_string(inputs_.tiles.size()) + " tiles of those for decisions");
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

Result<Trial::Batches> Trial::run(const quant::Execute& execute, const Graph& graph, const Batches& inputs) {
  Batches outputs;
  std::vector<Batch> all;
  std::vector<std::vector<Batch>*> where;
  for (const auto group : Batches::kGroups) {
    all.insert(all.end(), (inputs.*group).begin(), (inputs.*group).end());
    where.insert(where.end(), (inputs.*group).size(), &(outputs.*group));
  }
  MANTISSA_TRY(execute(graph, all, {}, [&](std::size_t i, Batch output) { where[i]->push_back(std::move(output)); }));
  return outputs;
}

quant::Loss Trial::loss_of(const Batches& outputs) const {
  const net::Task& task = network_.task;
  const format::Thresholds allowed = format::thresholds_for(file_.spec.variant, calibration_.fp32_psnr.has_value());
  const auto share = [](double error, double decibels) { return error * std::pow(10.0, decibels / 10); };
  const auto square_of = [](double levels, double most) { return std::pow(levels / most, 2); };
  std::vector<double> shares;
  // Of ordinary tiles as a whole: the mean squared error, since a picture is like many tiles, easy and hard ones.
  const auto tiles = static_cast<double>(outputs.tiles.size());
  double error = 0;
  std::vector<double> shifts(3, 0.0);  // of channels
  // Single squares: each group's own, so that where one is far worse than the others, what those need counts as well.
  double tile_shift = 0;
  for (const auto group : Batches::kPictures) {
    std::vector<double> errors;
    for (std::size_t i = 0; i < (outputs.*group).size(); ++i) {
      const image::Picture picture = seen((outputs.*group)[i], task), fp32 = seen((fp32_.*group)[i], task);
      const std::vector<double> of_tile = image::tile_errors(picture, fp32, gate::kTile, task.scale);
      errors.insert(errors.end(), of_tile.begin(), of_tile.end());
      tile_shift = std::max(tile_shift, image::worst_tile_mean_shift(picture, fp32, gate::kTile, task.scale));
      if (group != &Batches::tiles) continue;
      error += std::pow(10.0, -image::psnr(picture, fp32) / 10) / tiles;
      const std::vector<double> own_shifts = image::channel_shifts(picture, fp32);
      for (std::size_t c = 0; c < own_shifts.size(); ++c) shifts[c] += own_shifts[c] / tiles;
    }
    const double margin = group == &Batches::colours  ? kMarginOfColours
                          : group == &Batches::detail ? kMarginOfDetail
                                                      : kMarginOfTiles;
    shares.push_back(share(mean_of_hardest(std::move(errors)), allowed.worst_tile_psnr + margin));
  }
  shares.push_back(square_of(tile_shift, kMargin * allowed.worst_tile_mean_shift));
  shares.push_back(share(error, required_decibels()));
  for (const double shift : shifts) shares.push_back(square_of(shift, kMargin * allowed.mean_shift));
  bool bearable = std::all_of(shares.begin(), shares.end(), [](double each) { return each <= kBearable; });
  const double flat_margin = style_ == pass::QdqStyle::closed ? kFlatMarginClosed : kFlatMargin;
  for (std::size_t i = 0; i < outputs.flat.size(); ++i) {
    shares.push_back(
        square_of(flat_difference(outputs.flat[i], fp32_.flat[i], task, allowed.flat), allowed.flat + flat_margin));
    bearable = bearable && shares.back() <= 1;
  }
  return {image::psnr_of(error), std::move(shares), bearable};
}

Trial::Judged Trial::best_fit(const Batches& outputs) const {
  Judged best{loss_of(outputs), {}};
  if (!last_layer_) return best;
  const net::Task& task = network_.task;
  const auto colours = static_cast<std::size_t>(outputs.tiles.front().shape[1]);
  const auto span = static_cast<double>(net::output_range(task).span());
  quant::OutputFitter tiles(*last_layer_, colours, span), flat(*last_layer_, colours, span);
  for (std::size_t i = 0; i < outputs.tiles.size(); ++i) tiles.add(fp32_.tiles[i], outputs.tiles[i]);
  for (std::size_t i = 0; i < outputs.flat.size(); ++i)
    flat.add(fp32_.flat[i], outputs.flat[i], rim_of(task) * task.scale);
  for (const double weight : kFlatWeights) {
    quant::OutputFitter fitter = tiles;
    fitter.add(flat, weight);
    quant::OutputFit fit = fitter.fit();
    Batches fitted = outputs;
    for (const auto group : Batches::kGroups)
      for (Batch& output : fitted.*group) quant::apply(fit, *last_layer_, output);
    const quant::Loss loss = loss_of(fitted);
    if (loss.of_allowed() < best.loss.of_allowed()) best = {loss, std::move(fit)};
  }
  return best;
}

Result<quant::Loss> Trial::judge(const std::vector<NodeId>& in_float, quant::Effort effort) {
  MANTISSA_ASSIGN(Graph graph, quantized(in_float));
  MANTISSA_ASSIGN(graph, lowered(std::move(graph)));
  if (effort == quant::Effort::full) return judge_in_full(in_float, graph);
  MANTISSA_ASSIGN(const Batches outputs, run(execute_roughly_, graph, hardest_));
  return best_fit(outputs).loss;
}

Result<quant::Loss> Trial::judge_in_full(const std::vector<NodeId>& in_float, const Graph& graph) {
  MANTISSA_ASSIGN(const Batches outputs, run(execute_, graph, inputs_));
  Judged judged = best_fit(outputs);
  fits_.insert_or_assign(in_float, std::move(judged.fit));
  if (hardest_.tiles.empty() && in_float.empty()) put_hardest_first(outputs);
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

void Trial::put_hardest_first(const Batches& outputs) {
  const net::Task& task = network_.task;
  hardest_.flat = inputs_.flat;
  for (const auto group : Batches::kPictures) {
    std::vector<std::pair<double, std::size_t>> order;  // by the PSNR of their worst squares
    for (std::size_t i = 0; i < (outputs.*group).size(); ++i) {
      const image::Picture picture = seen((outputs.*group)[i], task), fp32 = seen((fp32_.*group)[i], task);
      order.emplace_back(image::worst_tile_psnr(picture, fp32, gate::kTile, task.scale), i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Batch> inputs, fp32;
    for (const auto& [_, i] : order) {
      inputs.push_back(std::move((inputs_.*group)[i]));
      fp32.push_back(std::move((fp32_.*group)[i]));
      if (inputs.size() <= kFew) (hardest_.*group).push_back(inputs.back());
    }
    inputs_.*group = std::move(inputs);
    fp32_.*group = std::move(fp32);
  }
}

Result<Graph> Trial::graph_with(const std::vector<NodeId>& in_float) {
  MANTISSA_ASSIGN(Graph graph, quantized(in_float));
  if (!last_layer_ || fp32_.tiles.empty()) return lowered(std::move(graph));
  if (!fits_.contains(in_float)) {
    MANTISSA_ASSIGN(const Graph unfitted, lowered(graph));
    MANTISSA_TRY(judge_in_full(in_float, unfitted));
  }
  if (const auto& fit = fits_.at(in_float)) MANTISSA_TRY(quant::apply(*fit, *last_layer_, graph));
  return lowered(std::move(graph));
}

}  // namespace mantissa::release
