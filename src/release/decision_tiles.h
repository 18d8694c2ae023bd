// The calibration tiles kept for decisions: what the network makes of them in float32, and how far a form of it is from
// that by the checks of the gate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "net/network.h"
#include "quant/execute.h"
#include "quant/fit_output.h"
#include "quant/loss.h"
#include "release/calibration.h"

namespace mantissa::release {

// Levels that flat black and white may be off beyond what the gate allows: it sees the same flat pictures, rounded.
inline constexpr double kFlatMargin = 0.4;

class DecisionTiles {
 public:
  // A graph's inputs, or what it makes of them: black and white, tiles with stronger colours, with more detail, and as
  // they are.
  struct Batches {
    std::vector<quant::Batch> flat, colours, detail, tiles;
    using Group = std::vector<quant::Batch> Batches::*;
    static constexpr Group kPictures[] = {&Batches::colours, &Batches::detail, &Batches::tiles};
    static constexpr Group kGroups[] = {&Batches::flat, &Batches::colours, &Batches::detail, &Batches::tiles};
  };
  struct Judged {
    quant::Loss loss;
    std::optional<quant::OutputFit> fit;  // with which the loss is what it is
  };

  // `variant`: what thresholds_for() knows.
  DecisionTiles(const net::Task& task, const Calibration& calibration, std::string variant,
                double flat_margin = kFlatMargin);

  // What others are compared with. To be called before loss_of() and best_fit().
  [[nodiscard]] Result<void> run_fp32(const quant::Execute& execute, const ir::Graph& graph);
  [[nodiscard]] bool has_fp32() const { return !fp32_.tiles.empty(); }
  // From now on, of the pictures only so many: evenly, and a few at least.
  void keep_share(double share);
  // Orders the pictures by what these outputs have worst, and keeps the first few of them beside, for rough judgements.
  void put_hardest_first(const Batches& outputs);
  [[nodiscard]] bool knows_hardest() const { return !hardest_.tiles.empty(); }

  [[nodiscard]] Result<Batches> run(const quant::Execute& execute, const ir::Graph& graph) const;
  [[nodiscard]] Result<Batches> run_hardest(const quant::Execute& execute, const ir::Graph& graph) const;
  [[nodiscard]] quant::Loss loss_of(const Batches& outputs) const;
  // The loss with the last layer fitted to fp32's outputs where that helps.
  [[nodiscard]] Judged best_fit(const Batches& outputs, const std::optional<quant::LastLayer>& layer) const;

  // The PSNR against fp32 that leaves what the gate allows.
  [[nodiscard]] double required_decibels() const;

 private:
  [[nodiscard]] static Result<Batches> run_on(const quant::Execute& execute, const ir::Graph& graph,
                                              const Batches& inputs);

  const net::Task& task_;
  std::string variant_;
  double flat_margin_;
  std::optional<double> fp32_psnr_;  // against the true pictures
  Batches inputs_;
  Batches hardest_;  // of those, a few
  Batches fp32_;
};

}  // namespace mantissa::release
