#include "quant/protect_layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/interrupt.h"
#include "base/progress.h"

namespace mantissa::quant {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kShareForMeasuring = 0.6;  // of the budget: what was measured must still be tried together

bool is_good(const Loss& loss, const ProtectOptions& options) {
  return loss.of_allowed <= 1 && loss.decibels >= options.target_decibels;
}

struct Candidate {
  Layer layer;
  double removed_per_mac = 0;
};

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge, const ProtectOptions& options) {
  const auto start = Clock::now();
  const auto deadline = start + options.budget;
  Protection protection;
  MANTISSA_ASSIGN(protection.before, judge({}, Effort::full));
  if (is_good(protection.before, options) || layers.empty()) return protection;

  const double all = std::accumulate(layers.begin(), layers.end(), 0.0, [](double sum, const Layer& layer) { return sum + layer.macs; });
  MANTISSA_ASSIGN(const Loss roughly_before, judge({}, Effort::rough));
  std::vector<Candidate> candidates;
  base::Progress progress("Measuring layers", static_cast<std::int64_t>(layers.size()), "layers");
  for (const Layer& layer : layers) {
    if (Clock::now() > start + kShareForMeasuring * options.budget) {
      protection.out_of_time = true;
      break;
    }
    MANTISSA_TRY(base::check_interrupt());
    MANTISSA_ASSIGN(const Loss loss, judge({layer.node}, Effort::rough));
    const double removed = roughly_before.total - loss.total;
    // One per cent of the whole is added to each layer's work: what a change of format costs by itself.
    if (removed > 0) candidates.push_back({layer, removed / (layer.macs + 0.01 * all)});
    progress.advance();
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.removed_per_mac > b.removed_per_mac; });

  std::vector<ir::NodeId> in_float;
  double macs_in_float = 0;
  Loss now = protection.before;
  for (const Candidate& candidate : candidates) {
    if ((macs_in_float + candidate.layer.macs) / all > options.largest_share) continue;
    const double share_removed = candidate.removed_per_mac * all / roughly_before.total;
    if (now.of_allowed <= 1 && share_removed < options.least_return) break;
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    in_float.push_back(candidate.layer.node);
    macs_in_float += candidate.layer.macs;
    MANTISSA_ASSIGN(now, judge(in_float, Effort::full));
    protection.steps.push_back({candidate.layer.node, now, macs_in_float / all});
    if (is_good(now, options)) break;
  }
  return protection;
}

}  // namespace mantissa::quant
