// Repair: puts back into float the layers that buy most quality per multiply-accumulate.
#pragma once

#include <algorithm>
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

// What a form of the network loses against fp32, on pictures kept for decisions.
struct Loss {
  double decibels = 0;         // PSNR
  std::vector<double> shares;  // for each check, the squared error as a share of what the gate allows; always as many

  // Up to 1 passes.
  [[nodiscard]] double of_allowed() const { return *std::max_element(shares.begin(), shares.end()); }
};

struct ProtectOptions {
  double largest_share = 0.2;  // of the multiply-accumulates that may go back to float
  std::chrono::duration<double> budget{120};
};

struct ProtectionStep {
  ir::NodeId node;
  double gain = 0;            // dB of PSNR that this layer alone in float is expected to buy
  double share_in_float = 0;  // of the multiply-accumulates, with all earlier steps
};

struct Protection {
  Loss before;
  Loss after;                         // with all steps
  std::vector<ProtectionStep> steps;  // empty when nothing was needed, or nothing helped
  bool out_of_time = false;
};

enum class Effort { rough, full };  // rough: on a few of the pictures, good enough to rank layers

// The loss of the variant in which `in_float` are float.
using JudgeProtection = std::function<Result<Loss>(const std::vector<ir::NodeId>& in_float, Effort effort)>;

// Measures roughly what each layer adds when it alone is in integers: squared errors of layers add up, while taking
// one of many away says little, since what is left hides it. Orders the layers by how far they bring the checks that
// fail for each multiply-accumulate (where that does not pass, without regard to work), and protects the fewest of the
// first that pass, found by bisection, within the share and the budget. Where nothing passes, what comes nearest.
[[nodiscard]] Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                                const ProtectOptions& options);

}  // namespace mantissa::quant
