#include "release/make_variants.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>

#include "base/progress.h"
#include "format/checkpoint.h"
#include "format/onnx.h"
#include "gate/gate.h"
#include "image/metrics.h"
#include "net/architecture.h"
#include "net/geometry.h"
#include "pass/keep_reduced_dimensions.h"
#include "pass/lower_to_half.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "quant/protect_layers.h"
#include "quant/quantize.h"
#include "quant/scale_channels.h"
#include "release/engines.h"

namespace mantissa::release {
namespace {

using ir::Graph;
using ir::NodeId;

// PSNR against fp32 that a form is brought to on the calibration pictures: what the gate asks for (gate/gate.h) and a
// little more, since other pictures will judge. Where the calibration has true pictures, what the allowed loss means
// for this network.
constexpr double kRequiredWithTruth = 44.5;  // where the network's own PSNR is not known: half a per cent of 30 dB
constexpr double kRequiredWithoutTruth = 46;
constexpr double kLeastRequired = 41;
constexpr double kRequiredLossPercent = 0.35;
// ONNX Runtime gains less from integers and loses more by them: more may stay float.
constexpr double kLargestShareClosed = 0.5;
constexpr double kTileMargin = 1.5;  // dB
constexpr double kMargin = 0.8;      // of the levels that the gate allows

Draft draft_of(std::string variant, std::string path) {
  Draft draft;
  draft.artifact.variant = std::move(variant);
  draft.artifact.path = std::move(path);
  return draft;
}

pass::QdqStyle style_of(const target::ArtifactSpec& spec) {
  return spec.qdq == "closed" ? pass::QdqStyle::closed : pass::QdqStyle::inputs_only;
}

std::vector<format::Decision> decisions_of(const Graph& graph, const plan::Plan& plan) {
  std::vector<format::Decision> decisions;
  for (const plan::Choice& choice : plan.choices)
    decisions.push_back({graph.describe(choice.node), std::string(base::name_of(choice.format)), choice.reason});
  return decisions;
}

Result<void> write_graph(const net::Network& network, Graph graph, const std::filesystem::path& path) {
  net::write_task_metadata(network, graph);
  std::error_code ignored;  // a folder that cannot be made shows when the file is written
  std::filesystem::create_directories(path.parent_path(), ignored);
  return format::write_onnx(graph, path);
}

// Judges forms of the int8 variant on the calibration tiles kept for decisions.
class Trial {
 public:
  Trial(const Trial&) = delete;
  Trial(const net::Network& network, pass::QdqStyle style, const target::Target& target, const std::string& provider,
        quant::Statistics statistics, const Calibration& calibration)
      : network_(network),
        style_(style),
        graph_(network.graph),
        statistics_(std::move(statistics)),
        calibration_(calibration),
        inputs_(calibration.flat),
        execute_(execute_on(provider)),
        execute_roughly_(execute_on(kReference, false)) {
    options_ = {style, target.int8.weight_levels, {network.task.range_low, network.task.range_high}, &rounded_};
    inputs_.insert(inputs_.end(), calibration.for_decisions.begin(), calibration.for_decisions.end());
  }

  Result<void> balance() {
    MANTISSA_ASSIGN(const quant::Balance done, quant::balance_channels(graph_, statistics_, style_));
    base::detail(std::to_string(done.pairs) + " pairs of layers equalized, " + std::to_string(done.values) +
                 " values with a scale for each channel");
    return {};
  }

  Result<void> run_fp32() {
    MANTISSA_TRY(show(execute_, network_.graph, calibration_.for_decisions.size(), fp32_flat_,
                      [&](std::size_t, const image::Picture& picture) { fp32_.push_back(picture); }));
    required_decibels_ = decibels_for_allowed_loss();
    return {};
  }

  [[nodiscard]] plan::Plan plan_with(const std::vector<NodeId>& in_float) const {
    std::map<NodeId, std::string> reasons;
    for (const NodeId node : in_float)
      reasons.emplace(node, "protected: costs the picture more than its integers save");
    return plan::plan_int8(network_.graph, style_, reasons);
  }

  [[nodiscard]] Result<Graph> graph_with(const std::vector<NodeId>& in_float) const {
    MANTISSA_ASSIGN(Graph graph, quant::quantize(graph_, plan_with(in_float), statistics_, options_));
    MANTISSA_TRY(pass::lower_to_qdq(graph, style_));
    if (style_ == pass::QdqStyle::inputs_only) pass::keep_reduced_dimensions(graph);
    return graph;
  }

  Result<quant::Loss> judge(const std::vector<NodeId>& in_float, quant::Effort effort) {
    constexpr std::size_t kFew = 3;
    const std::size_t count = effort == quant::Effort::rough ? std::min(kFew, fp32_.size()) : fp32_.size();
    const quant::Execute& execute = effort == quant::Effort::rough ? execute_roughly_ : execute_;
    MANTISSA_ASSIGN(const Graph graph, graph_with(in_float));
    double total = 0, worst_tile = INFINITY, shift = 0;
    std::vector<image::Picture> flat;
    MANTISSA_TRY(show(execute, graph, count, flat, [&](std::size_t i, const image::Picture& picture) {
      total += image::psnr(picture, fp32_[i]);
      worst_tile = std::min(worst_tile, image::worst_tile_psnr(picture, fp32_[i], gate::kTile, network_.task.scale));
      shift = std::max(shift, image::worst_tile_mean_shift(picture, fp32_[i], gate::kTile, network_.task.scale));
    }));
    const gate::Thresholds allowed = gate::thresholds_for("int8", calibration_.judged_with_truth);
    const auto share = [](double decibels, double least) { return std::pow(10.0, (least - decibels) / 10); };
    const auto square_of = [](double levels, double most) { return std::pow(levels / (kMargin * most), 2); };
    const double mean = total / static_cast<double>(count);
    std::vector<double> shares = {share(mean, required_decibels_),
                                  share(worst_tile, allowed.worst_tile_psnr + kTileMargin),
                                  square_of(shift, allowed.worst_tile_mean_shift)};
    for (std::size_t i = 0; i < flat.size(); ++i)
      shares.push_back(square_of(image::largest_difference(flat[i], fp32_flat_[i]), allowed.flat));
    return quant::Loss{mean, *std::max_element(shares.begin(), shares.end()),
                       std::accumulate(shares.begin(), shares.end(), 0.0)};
  }

  [[nodiscard]] double required_decibels() const { return required_decibels_; }

 private:
  // The PSNR against fp32 at which errors that are independent of the network's own leave the loss allowed: squared
  // errors add up.
  [[nodiscard]] double decibels_for_allowed_loss() const {
    if (calibration_.truths.size() != fp32_.size())
      return calibration_.judged_with_truth ? kRequiredWithTruth : kRequiredWithoutTruth;
    double own = 0;
    for (std::size_t i = 0; i < fp32_.size(); ++i) own += image::psnr(fp32_[i], calibration_.truths[i]);
    own /= static_cast<double>(fp32_.size());
    const double allowed = std::pow(10.0, -own * (1 - kRequiredLossPercent / 100) / 10) - std::pow(10.0, -own / 10);
    return std::max(kLeastRequired, -10 * std::log10(allowed));
  }

  // Runs a graph in one session on flat black and white, whose outputs go to `flat`, and on the first `count` tiles, each
  // of which `take` gets as it is seen.
  Result<void> show(const quant::Execute& execute, const Graph& graph, std::size_t count,
                    std::vector<image::Picture>& flat,
                    const std::function<void(std::size_t, const image::Picture&)>& take) const {
    return execute(graph, std::span(inputs_).first(calibration_.flat.size() + count), {},
                   [&](std::size_t i, const quant::Batch& output) {
                     if (i < calibration_.flat.size())
                       flat.push_back(clipped_middle(output));
                     else
                       take(i - calibration_.flat.size(), seen(output));
                   });
  }

  [[nodiscard]] image::Picture seen(const quant::Batch& output) const {
    image::Picture picture = picture_of(output, network_.task);
    image::round_to_8_bits(picture);
    return picture;
  }

  // A flat picture's output where it does not see the edge, as it is seen but for the rounding.
  [[nodiscard]] image::Picture clipped_middle(const quant::Batch& output) const {
    image::Picture picture = middle_of_flat(picture_of(output, network_.task), network_.task);
    for (float& sample : picture.samples) sample = std::clamp(sample, 0.0F, 1.0F);
    return picture;
  }

  const net::Network& network_;
  pass::QdqStyle style_;
  Graph graph_;                   // the network's, with channels balanced for this style
  quant::Statistics statistics_;  // likewise
  const Calibration& calibration_;
  std::vector<quant::Batch> inputs_;  // its flat pictures, then its tiles for decisions
  quant::Execute execute_;
  quant::Execute execute_roughly_;  // as written: what an engine takes to optimize a graph is longer than a few tiles
  quant::WeightCache rounded_;
  quant::QuantizeOptions options_;
  std::vector<image::Picture> fp32_;
  std::vector<image::Picture> fp32_flat_;
  double required_decibels_ = 0;
};

// The layers with weights that the plan has in integers, with their work.
std::vector<quant::Layer> integer_layers(const Graph& graph, const plan::Plan& plan) {
  std::vector<quant::Layer> layers;
  for (const net::NodeCost& cost : net::costs(graph)) {
    const auto choice = std::find_if(plan.choices.begin(), plan.choices.end(),
                                     [&](const plan::Choice& c) { return c.node == cost.node; });
    if (choice != plan.choices.end() && !base::is_floating(choice->format))
      layers.push_back({cost.node, cost.macs_per_pixel});
  }
  return layers;
}

}  // namespace

quant::StatisticsRequest statistics_for(const Graph& graph, const target::Target& target) {
  quant::StatisticsRequest request;
  std::vector<ir::ValueId> wanted = quant::values_to_watch(graph, plan::plan_half(graph, base::NumberFormat::float16));
  for (const target::ArtifactSpec& spec : target.artifacts) {
    Graph planned = graph;
    plan::apply(plan::plan_int8(graph, style_of(spec)), planned);
    for (const ir::ValueId value : plan::values_to_quantize(planned, style_of(spec)))
      if (std::find(wanted.begin(), wanted.end(), value) == wanted.end()) wanted.push_back(value);
    for (const NodeId node : planned.sorted())
      if (planned.node(node).format == base::NumberFormat::int8 &&
          std::find(request.convolutions.begin(), request.convolutions.end(), node) == request.convolutions.end())
        request.convolutions.push_back(node);
  }
  const auto take = [&](ir::ValueId value) {
    if (std::find(wanted.begin(), wanted.end(), value) != wanted.end()) request.values.push_back(value);
  };
  for (const ir::ValueId input : graph.inputs) take(input);
  for (const NodeId node : graph.sorted())
    for (const ir::ValueId output : graph.node(node).outputs) take(output);
  return request;
}

Result<Draft> make_fp32(const net::Network& network, const std::filesystem::path& folder) {
  Draft draft = draft_of("fp32", "fp32/model.onnx");
  MANTISSA_TRY(write_graph(network, network.graph, folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_checkpoint(const net::Network& network, const std::filesystem::path& folder) {
  Draft draft = draft_of("fp32", "fp32/checkpoint.pth");
  MANTISSA_TRY(format::write_checkpoint(network.checkpoint, folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_half(const net::Network& network, base::NumberFormat format, const quant::Statistics& statistics,
                        const std::filesystem::path& folder) {
  plan::Plan plan = plan::plan_half(network.graph, format);
  MANTISSA_TRY(quant::find_half_islands(network.graph, plan, statistics));
  Graph graph = network.graph;
  plan::apply(plan, graph);
  MANTISSA_TRY(pass::lower_to_half(graph));
  Draft draft = draft_of(plan.variant, plan.variant + "/model.onnx");
  draft.judge = kReference;
  draft.emulated = true;
  draft.artifact.decisions = decisions_of(network.graph, plan);
  MANTISSA_TRY(write_graph(network, std::move(graph), folder / draft.artifact.path));
  return draft;
}

Result<Draft> make_int8(const net::Network& network, const target::Target& target, const target::ArtifactSpec& spec,
                        const quant::Statistics& statistics, const Calibration& calibration,
                        std::chrono::duration<double> repair_budget, const std::filesystem::path& folder) {
  Trial trial(network, style_of(spec), target, spec.provider, statistics, calibration);
  MANTISSA_TRY(trial.balance());
  std::vector<NodeId> in_float;
  Draft draft = draft_of(spec.variant, spec.path);
  draft.artifact.target = target.name;
  draft.judge = spec.provider;
  if (repair_budget.count() > 0) {
    MANTISSA_TRY(trial.run_fp32());
    const std::vector<quant::Layer> layers = integer_layers(network.graph, trial.plan_with({}));
    quant::ProtectOptions options;
    options.target_decibels = std::max(options.target_decibels, trial.required_decibels());
    options.largest_share = spec.qdq == "closed" ? kLargestShareClosed : options.largest_share;
    options.budget = repair_budget;
    MANTISSA_ASSIGN(
        const quant::Protection protection,
        quant::protect_layers(
            layers, [&](const auto& nodes, quant::Effort effort) { return trial.judge(nodes, effort); }, options));
    char found[128];
    std::snprintf(found, sizeof found,
                  "%s: %.2f dB against fp32, %.2f dB wanted; %.2f of the loss that the gate allows", spec.path.c_str(),
                  protection.before.decibels, trial.required_decibels(), protection.before.of_allowed);
    base::detail(found);
    for (const quant::ProtectionStep& step : protection.steps) {
      in_float.push_back(step.node);
      draft.artifact.repairs.push_back({network.graph.describe(step.node), step.gain, step.share_in_float});
    }
  }
  const plan::Plan plan = trial.plan_with(in_float);
  draft.artifact.decisions = decisions_of(network.graph, plan);
  MANTISSA_ASSIGN(Graph graph, trial.graph_with(in_float));
  MANTISSA_TRY(write_graph(network, std::move(graph), folder / draft.artifact.path));
  return draft;
}

}  // namespace mantissa::release
