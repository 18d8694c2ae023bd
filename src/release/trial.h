// A form of a network in eight bits while it is decided which layers stay in float: made and judged again and again on
// the calibration tiles kept for that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "net/network.h"
#include "pass/lower_to_qdq.h"
#include "plan/plan.h"
#include "quant/execute.h"
#include "quant/fit_output.h"
#include "quant/protect_layers.h"
#include "quant/quantize.h"
#include "release/calibration.h"
#include "release/decision_tiles.h"
#include "target/target.h"

namespace mantissa::release {

[[nodiscard]] pass::QdqStyle style_of(const target::ArtifactSpec& spec);

class Trial {
 public:
  Trial(const net::Network& network, const target::FileToMake& file, quant::Statistics statistics,
        const Calibration& calibration, const quant::Techniques& techniques = {});
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Gives the channels of this form their scales. To be called once, first.
  [[nodiscard]] Result<void> balance();
  // What the others are judged against. To be called before judge() and graph_with(). Of the pictures, only as many are
  // kept as fp32 takes that many seconds of work for (base::WorkClock), but a few: judgements come by the dozen.
  [[nodiscard]] Result<void> run_fp32(double seconds);

  // For weights of four bits: layers that have them from now on, where they are not in float; the others have eight.
  void hold_in_four_bits(std::vector<ir::NodeId> layers);

  // What the engine may compute in that the file has in float32: from now on, instead of what the catalogue allows.
  void compute_floats_in(base::NumberFormat floats);

  [[nodiscard]] plan::Plan plan_with(const std::vector<ir::NodeId>& in_float) const;
  // Rough judgements look at the tiles that the first full one without layers in float found hardest.
  [[nodiscard]] Result<quant::Loss> judge(const std::vector<ir::NodeId>& in_float, quant::Effort effort);
  // Sets layers anew against what they see. What that brings to the checks, where it brings something; otherwise
  // everything is as before. `before`: what the form with these layers in float was judged.
  struct Reconstructed {
    std::size_t layers;
    quant::Loss after;
  };
  [[nodiscard]] Result<std::optional<Reconstructed>> reconstruct(const std::vector<ir::NodeId>& in_float,
                                                                 const quant::Loss& before,
                                                                 std::chrono::duration<double> budget);
  // The form to be written: with Q and DQ, its last layer fitted to fp32's outputs where that helps.
  // Runs the form only if it was not judged in full before.
  [[nodiscard]] Result<ir::Graph> graph_with(const std::vector<ir::NodeId>& in_float);

  // The PSNR against fp32 that leaves what the gate allows.
  [[nodiscard]] double required_decibels() const { return tiles_.required_decibels(); }

 private:
  [[nodiscard]] Result<ir::Graph> quantized(const std::vector<ir::NodeId>& in_float) const;
  [[nodiscard]] Result<ir::Graph> lowered(ir::Graph quantized) const;
  [[nodiscard]] Result<quant::Loss> judge_in_full(const std::vector<ir::NodeId>& in_float, const ir::Graph& graph);

  const net::Network& network_;
  const target::FileToMake& file_;
  pass::QdqStyle style_;
  ir::Graph graph_;               // the network's, with channels balanced for this style
  quant::Statistics statistics_;  // likewise
  const Calibration& calibration_;
  DecisionTiles tiles_;
  quant::Execute execute_roughly_;  // as written: what an engine takes to optimize a graph is longer than a few tiles
  quant::Execute execute_;
  quant::WeightCache rounded_;
  quant::Reconstructions reconstructions_;
  quant::QuantizeOptions options_;
  std::vector<ir::NodeId> four_bits_;
  std::optional<quant::LastLayer> last_layer_;
  // Of the forms that were judged in full, by what is float in them.
  std::map<std::vector<ir::NodeId>, std::optional<quant::OutputFit>> fits_;
};

}  // namespace mantissa::release
