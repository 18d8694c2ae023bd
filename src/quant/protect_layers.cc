#include "quant/protect_layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/interrupt.h"
#include "base/progress.h"

namespace mantissa::quant {
namespace {

using Clock = std::chrono::steady_clock;
using Time = std::chrono::time_point<Clock, std::chrono::duration<double>>;

constexpr double kShareForMeasuring = 0.6;  // of the budget: what was measured must still be tried together

struct Candidate {
  Layer layer;
  double removed = 0;  // of the loss, by this layer alone
  double gain = 0;     // dB
};

double work_of(const std::vector<Layer>& layers) {
  return std::accumulate(layers.begin(), layers.end(), 0.0,
                         [](double sum, const Layer& layer) { return sum + layer.macs; });
}

// What each layer alone in float removes; those that remove nothing are left out.
Result<std::vector<Candidate>> measure(const std::vector<Layer>& layers, const JudgeProtection& judge, Time deadline,
                                       bool& out_of_time) {
  MANTISSA_ASSIGN(const Loss before, judge({}, Effort::rough));
  std::vector<Candidate> candidates;
  base::Progress progress("Measuring layers", static_cast<std::int64_t>(layers.size()), "layers");
  for (const Layer& layer : layers) {
    if (Clock::now() > deadline) {
      out_of_time = true;
      break;
    }
    MANTISSA_TRY(base::check_interrupt());
    MANTISSA_ASSIGN(const Loss loss, judge({layer.node}, Effort::rough));
    if (loss.total < before.total)
      candidates.push_back({layer, before.total - loss.total, loss.decibels - before.decibels});
    progress.advance();
  }
  return candidates;
}

// In the order of their worth, as many as fit into the share.
template <class Worth>
std::vector<ProtectionStep> those_that_fit(std::vector<Candidate> candidates, double all, double largest_share,
                                           const Worth& worth) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return worth(a) > worth(b); });
  std::vector<ProtectionStep> steps;
  double macs_in_float = 0;
  for (const Candidate& candidate : candidates) {
    if ((macs_in_float + candidate.layer.macs) / all > largest_share) continue;
    macs_in_float += candidate.layer.macs;
    steps.push_back({candidate.layer.node, candidate.gain, macs_in_float / all});
  }
  return steps;
}

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                  const ProtectOptions& options) {
  const auto start = Clock::now();
  const auto deadline = start + options.budget;
  Protection protection;
  MANTISSA_ASSIGN(protection.before, judge({}, Effort::full));
  protection.after = protection.before;
  if (protection.before.of_allowed <= 1 || layers.empty()) return protection;

  MANTISSA_ASSIGN(const std::vector<Candidate> candidates,
                  measure(layers, judge, start + kShareForMeasuring * options.budget, protection.out_of_time));
  const auto with_first = [&](const std::vector<ProtectionStep>& steps, std::size_t count) {
    std::vector<ir::NodeId> nodes;
    for (std::size_t i = 0; i < count; ++i) nodes.push_back(steps[i].node);
    return judge(nodes, Effort::full);
  };
  const double all = work_of(layers);
  // One per cent of the whole is added to each layer's work: what a change of format costs by itself.
  const auto per_work = [&](const Candidate& c) { return c.removed / (c.layer.macs + 0.01 * all); };
  const auto in_all = [](const Candidate& c) { return c.removed; };
  // Where the best bargains are not enough, what they cost may have kept out a large layer that is.
  for (const auto& steps : {those_that_fit(candidates, all, options.largest_share, per_work),
                            those_that_fit(candidates, all, options.largest_share, in_all)}) {
    if (steps.empty() || Clock::now() > deadline) break;
    MANTISSA_ASSIGN(const Loss loss, with_first(steps, steps.size()));
    if (loss.of_allowed >= protection.after.of_allowed) continue;
    protection.after = loss;
    protection.steps = steps;
    if (loss.of_allowed <= 1) break;
  }
  if (protection.after.of_allowed > 1) return protection;

  std::size_t enough = protection.steps.size();  // the fewest that are known to do
  for (std::size_t too_few = 0; enough - too_few > 1;) {
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    const std::size_t count = (too_few + enough) / 2;
    MANTISSA_ASSIGN(const Loss loss, with_first(protection.steps, count));
    if (loss.of_allowed <= 1) {
      enough = count;
      protection.after = loss;
    } else {
      too_few = count;
    }
  }
  protection.steps.resize(enough);
  return protection;
}

}  // namespace mantissa::quant
