// Repair: puts back into float the layers that buy most quality per multiply-accumulate.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::quant {

struct Layer {
  ir::NodeId node;
  double macs = 0;  // any unit; only shares count
};

struct ProtectOptions {
  double target_decibels = 46;    // PSNR against fp32 at which to stop
  double required_decibels = 41;  // below it every layer that helps is taken; above, only what is worth its work
  double least_return = 2;        // share of the squared error that a layer must remove for each share of the multiply-accumulates it takes
  double largest_share = 0.25;    // of the multiply-accumulates that may go back to float
  std::chrono::duration<double> budget{120};
};

struct ProtectionStep {
  ir::NodeId node;
  double decibels_after = 0;  // PSNR against fp32 with this and all earlier steps
  double share_in_float = 0;  // of the multiply-accumulates, likewise
};

struct Protection {
  double decibels_before = 0;
  std::vector<ProtectionStep> steps;  // empty when nothing was needed, or nothing helped
  bool out_of_time = false;
};

enum class Effort { rough, full };  // rough: on a few of the pictures, good enough to rank layers

// Mean PSNR in dB against the fp32 outputs, on pictures kept for decisions, of the variant in which `in_float` are float.
using JudgeProtection = std::function<Result<double>(const std::vector<ir::NodeId>& in_float, Effort effort)>;

// Tries each layer alone, roughly, ranks them by removed squared error per multiply-accumulate, and adds them in that order until the target, the
// share or the budget is reached.
[[nodiscard]] Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge, const ProtectOptions& options);

}  // namespace mantissa::quant
