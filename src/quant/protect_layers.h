// Repair: puts back into float the layers that buy most quality for the time that they cost.
#pragma once

#include <functional>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/loss.h"
#include "quant/measure_layers.h"

namespace mantissa::quant {

struct ProtectOptions {
  // The time that a multiply-accumulate takes in float where it takes 1 in integers, in the engine that will run the
  // file (target::ArtifactSpec); at least 1.
  double float_cost = 2;
  // What layers in float may add to the time of a file with all in integers, as a share of it: where that passes.
  double wanted_time = 0.1;
  // Of the multiply-accumulates that may go back to float: the first of these with which it passes, or is bearable.
  std::vector<double> largest_shares = {0.2, 0.5, 0.8};
  // Of what the gate allows, as the judge tells it: what passes. Below 1 nothing more is bearable.
  double aim = 1;
  // What an earlier run measured on the same layers: nothing is measured then.
  const MeasuredLayers* measured = nullptr;
  double budget = 120;                 // seconds of work (base::WorkClock)
  std::function<double()> clock = {};  // seconds of work so far, from any start; empty: a WorkClock
};

struct ProtectionStep {
  ir::NodeId node;
  double gain = 0;            // dB of PSNR that this layer alone in float is expected to buy
  double share_in_float = 0;  // of the multiply-accumulates, with all earlier steps
  double time = 0;            // that this and all earlier steps are expected to add, as a share of all in integers
};

struct Protection {
  Loss before;
  Loss after;                         // with all steps
  std::vector<ProtectionStep> steps;  // empty when nothing was needed, or nothing helped
  MeasuredLayers measured;            // without layers when nothing was needed
  bool out_of_time = false;
};

// Measures roughly what each layer adds (quant/measure_layers.h), in 0.6 of the budget. Orders the layers by how far
// they bring the checks that fail for the time that they cost in float, and protects the fewest of the first that pass,
// found by bisection: of those that fit into the wanted time and the smallest share, or where that does not pass, into
// that share and, unless it is bearable, into larger ones, each also without regard to time and, of few layers, the
// best of all combinations. Then gives back one by one, the largest first, those that it passes without. Where nothing
// passes, what comes nearest.
[[nodiscard]] Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                                const ProtectOptions& options);

}  // namespace mantissa::quant
