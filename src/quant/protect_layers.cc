#include "quant/protect_layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/interrupt.h"
#include "base/progress.h"

namespace mantissa::quant {
namespace {

using Clock = std::chrono::steady_clock;

double squared_error(double decibels) { return std::pow(10.0, -decibels / 10.0); }

struct Candidate {
  Layer layer;
  double error_removed_per_mac = 0;
};

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge, const ProtectOptions& options) {
  const auto deadline = Clock::now() + options.budget;
  Protection protection;
  MANTISSA_ASSIGN(protection.decibels_before, judge({}, Effort::full));
  if (protection.decibels_before >= options.target_decibels || layers.empty()) return protection;

  const double all = std::accumulate(layers.begin(), layers.end(), 0.0, [](double sum, const Layer& layer) { return sum + layer.macs; });
  MANTISSA_ASSIGN(const double roughly_before, judge({}, Effort::rough));
  std::vector<Candidate> candidates;
  base::Progress progress("Measuring layers", static_cast<std::int64_t>(layers.size()), "layers");
  for (const Layer& layer : layers) {
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    MANTISSA_TRY(base::check_interrupt());
    MANTISSA_ASSIGN(const double decibels, judge({layer.node}, Effort::rough));
    const double removed = squared_error(roughly_before) - squared_error(decibels);
    // One per cent of the whole is added to each layer's work: what a change of format costs by itself.
    if (removed > 0) candidates.push_back({layer, removed / (layer.macs + 0.01 * all)});
    progress.advance();
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.error_removed_per_mac > b.error_removed_per_mac; });

  std::vector<ir::NodeId> in_float;
  double macs_in_float = 0;
  double decibels_now = protection.decibels_before;
  for (const Candidate& candidate : candidates) {
    if ((macs_in_float + candidate.layer.macs) / all > options.largest_share) continue;
    const double share_removed = candidate.error_removed_per_mac * all / squared_error(roughly_before);
    if (decibels_now >= options.required_decibels && share_removed < options.least_return) break;
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    in_float.push_back(candidate.layer.node);
    macs_in_float += candidate.layer.macs;
    MANTISSA_ASSIGN(decibels_now, judge(in_float, Effort::full));
    protection.steps.push_back({candidate.layer.node, decibels_now, macs_in_float / all});
    if (decibels_now >= options.target_decibels) break;
  }
  return protection;
}

}  // namespace mantissa::quant
