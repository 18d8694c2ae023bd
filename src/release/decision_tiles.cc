#include "release/decision_tiles.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/progress.h"
#include "format/thresholds.h"
#include "gate/gate.h"
#include "image/metrics.h"

namespace mantissa::release {
namespace {

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

}  // namespace

DecisionTiles::DecisionTiles(const net::Task& task, const Calibration& calibration, std::string variant,
                             double flat_margin)
    : task_(task),
      variant_(std::move(variant)),
      flat_margin_(flat_margin),
      fp32_psnr_(calibration.fp32_psnr),
      inputs_{calibration.flat, calibration.colours, calibration.detail, calibration.for_decisions} {}

// Errors that are independent of the network's own leave the loss allowed: squared errors add up.
double DecisionTiles::required_decibels() const {
  if (!fp32_psnr_) return kRequiredWithoutTruth;
  const double own = *fp32_psnr_;
  const double loss = kRequiredLossPercent / 100;
  const double allowed = std::pow(10.0, -own * (1 - loss) / 10) - std::pow(10.0, -own / 10);
  return std::max(kLeastRequired, -10 * std::log10(allowed));
}

Result<void> DecisionTiles::run_fp32(const quant::Execute& execute, const ir::Graph& graph) {
  MANTISSA_ASSIGN(fp32_, run(execute, graph));
  return {};
}

// Evenly, since neighbours come from the same picture.
void DecisionTiles::keep_share(double share) {
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

Result<DecisionTiles::Batches> DecisionTiles::run_on(const quant::Execute& execute, const ir::Graph& graph,
                                                     const Batches& inputs) {
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

Result<DecisionTiles::Batches> DecisionTiles::run(const quant::Execute& execute, const ir::Graph& graph) const {
  return run_on(execute, graph, inputs_);
}

Result<DecisionTiles::Batches> DecisionTiles::run_hardest(const quant::Execute& execute, const ir::Graph& graph) const {
  return run_on(execute, graph, hardest_);
}

quant::Loss DecisionTiles::loss_of(const Batches& outputs) const {
  const format::Thresholds allowed = format::thresholds_for(variant_, fp32_psnr_.has_value());
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
      const image::Picture picture = seen((outputs.*group)[i], task_), fp32 = seen((fp32_.*group)[i], task_);
      const std::vector<double> of_tile = image::tile_errors(picture, fp32, gate::kTile, task_.scale);
      errors.insert(errors.end(), of_tile.begin(), of_tile.end());
      tile_shift = std::max(tile_shift, image::worst_tile_mean_shift(picture, fp32, gate::kTile, task_.scale));
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
  for (std::size_t i = 0; i < outputs.flat.size(); ++i) {
    shares.push_back(
        square_of(flat_difference(outputs.flat[i], fp32_.flat[i], task_, allowed.flat), allowed.flat + flat_margin_));
    bearable = bearable && shares.back() <= 1;
  }
  return {image::psnr_of(error), std::move(shares), bearable};
}

DecisionTiles::Judged DecisionTiles::best_fit(const Batches& outputs,
                                              const std::optional<quant::LastLayer>& layer) const {
  Judged best{loss_of(outputs), {}};
  if (!layer) return best;
  const auto colours = static_cast<std::size_t>(outputs.tiles.front().shape[1]);
  const auto span = static_cast<double>(net::output_range(task_).span());
  quant::OutputFitter tiles(*layer, colours, span), flat(*layer, colours, span);
  for (std::size_t i = 0; i < outputs.tiles.size(); ++i) tiles.add(fp32_.tiles[i], outputs.tiles[i]);
  for (std::size_t i = 0; i < outputs.flat.size(); ++i)
    flat.add(fp32_.flat[i], outputs.flat[i], rim_of(task_) * task_.scale);
  for (const double weight : kFlatWeights) {
    quant::OutputFitter fitter = tiles;
    fitter.add(flat, weight);
    quant::OutputFit fit = fitter.fit();
    Batches fitted = outputs;
    for (const auto group : Batches::kGroups)
      for (Batch& output : fitted.*group) quant::apply(fit, *layer, output);
    const quant::Loss loss = loss_of(fitted);
    if (loss.of_allowed() < best.loss.of_allowed()) best = {loss, std::move(fit)};
  }
  return best;
}

void DecisionTiles::put_hardest_first(const Batches& outputs) {
  hardest_.flat = inputs_.flat;
  for (const auto group : Batches::kPictures) {
    std::vector<std::pair<double, std::size_t>> order;  // by the PSNR of their worst squares
    for (std::size_t i = 0; i < (outputs.*group).size(); ++i) {
      const image::Picture picture = seen((outputs.*group)[i], task_), fp32 = seen((fp32_.*group)[i], task_);
      order.emplace_back(image::worst_tile_psnr(picture, fp32, gate::kTile, task_.scale), i);
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

}  // namespace mantissa::release
