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

struct Candidate {
  Layer layer;
  double removed_per_mac = 0;
  double gain = 0;
};

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                  const ProtectOptions& options) {
  const auto start = Clock::now();
  const auto deadline = start + options.budget;
  Protection protection;
  MANTISSA_ASSIGN(protection.before, judge({}, Effort::full));
  if (protection.before.of_allowed <= 1 || layers.empty()) return protection;

  const double all = std::accumulate(layers.begin(), layers.end(), 0.0,
                                     [](double sum, const Layer& layer) { return sum + layer.macs; });
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
    if (removed > 0)
      candidates.push_back({layer, removed / (layer.macs + 0.01 * all), loss.decibels - roughly_before.decibels});
    progress.advance();
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.removed_per_mac > b.removed_per_mac; });

  std::vector<ir::NodeId> order;  // those that fit
  double macs_in_float = 0;
  for (const Candidate& candidate : candidates) {
    if ((macs_in_float + candidate.layer.macs) / all > options.largest_share) continue;
    macs_in_float += candidate.layer.macs;
    order.push_back(candidate.layer.node);
    protection.steps.push_back({candidate.layer.node, candidate.gain, macs_in_float / all});
  }

  protection.after = protection.before;
  const auto with_first = [&](std::size_t count) {
    return judge({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)}, Effort::full);
  };
  std::size_t enough = order.size();  // the fewest that are known to do; all, where those do not
  if (enough == 0) return protection;
  MANTISSA_ASSIGN(protection.after, with_first(enough));
  if (protection.after.of_allowed > 1) return protection;
  for (std::size_t too_few = 0; enough - too_few > 1;) {
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    const std::size_t count = (too_few + enough) / 2;
    MANTISSA_ASSIGN(const Loss loss, with_first(count));
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
