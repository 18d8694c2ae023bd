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

// Of what the gate allows: a check below needs no more help. Other pictures than these will judge.
constexpr double kEnough = 0.8;
// What an error counts in a check that does not need help: where layers are equal otherwise, the worse one goes first.
constexpr double kWithoutNeed = 0.02;

constexpr double kNear = 1.05;

struct Candidate {
  Layer layer;
  std::vector<double> shares;  // that it is expected to add to each check
  double gain = 0;             // dB
};

double work_of(const std::vector<Layer>& layers) {
  return std::accumulate(layers.begin(), layers.end(), 0.0,
                         [](double sum, const Layer& layer) { return sum + layer.macs; });
}

double error_of(const Loss& loss) { return std::pow(10.0, -loss.decibels / 10); }

// What each layer adds; those that the budget leaves out are not candidates.
Result<std::vector<Candidate>> measure(const std::vector<Layer>& layers, const Loss& before,
                                       const JudgeProtection& judge, Time deadline, bool& out_of_time) {
  std::vector<Candidate> candidates;
  std::vector<double> errors, sums(before.shares.size(), 0.0);
  base::Progress progress("Measuring layers", static_cast<std::int64_t>(layers.size()), "layers");
  for (const Layer& layer : layers) {
    if (Clock::now() > deadline) {
      out_of_time = true;
      break;
    }
    MANTISSA_TRY(base::check_interrupt());
    std::vector<ir::NodeId> others;
    for (const Layer& other : layers)
      if (other.node != layer.node) others.push_back(other.node);
    MANTISSA_ASSIGN(const Loss loss, judge(others, Effort::rough));
    candidates.push_back({layer, loss.shares, 0});
    errors.push_back(error_of(loss));
    for (std::size_t check = 0; check < sums.size(); ++check) sums[check] += loss.shares[check];
    progress.advance();
  }
  // The few pictures of a rough judgement are not all of them, and what is not a layer adds something too: what the
  // layers add is made to sum up to what was measured of all together.
  const double all = std::accumulate(errors.begin(), errors.end(), 0.0);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (std::size_t check = 0; check < sums.size(); ++check)
      if (sums[check] > 0) candidates[i].shares[check] *= before.shares[check] / sums[check];
    if (errors[i] < all) candidates[i].gain = -10 * std::log10(1 - errors[i] / all);
  }
  return candidates;
}

// How far the checks are from what is wanted.
double need(const std::vector<double>& shares, const std::vector<double>& removed) {
  double sum = 0;
  for (std::size_t check = 0; check < shares.size(); ++check) {
    const double left = shares[check] - removed[check];
    sum += std::max(left - kEnough, 0.0) + kWithoutNeed * std::max(left, 0.0);
  }
  return sum;
}

// One after another those whose removal is worth most for their work, as many as fit into the share.
template <class Work>
std::vector<ProtectionStep> those_that_fit(std::vector<Candidate> candidates, std::vector<double> shares, double all,
                                           double largest_share, const Work& work) {
  std::vector<ProtectionStep> steps;
  double macs_in_float = 0;
  while (true) {
    std::erase_if(candidates, [&](const Candidate& c) { return (macs_in_float + c.layer.macs) / all > largest_share; });
    if (candidates.empty()) return steps;
    const double before = need(shares, std::vector<double>(shares.size(), 0.0));
    const auto worth = [&](const Candidate& c) { return (before - need(shares, c.shares)) / work(c); };
    const auto best = std::max_element(candidates.begin(), candidates.end(),
                                       [&](const Candidate& a, const Candidate& b) { return worth(a) < worth(b); });
    for (std::size_t check = 0; check < shares.size(); ++check) shares[check] -= best->shares[check];
    macs_in_float += best->layer.macs;
    steps.push_back({best->layer.node, best->gain, macs_in_float / all});
    candidates.erase(best);
  }
}

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                  const ProtectOptions& options) {
  const auto start = Clock::now();
  const auto deadline = start + options.budget;
  Protection protection;
  MANTISSA_ASSIGN(protection.before, judge({}, Effort::full));
  protection.after = protection.before;
  if (protection.before.of_allowed() <= 1 || layers.empty()) return protection;

  MANTISSA_ASSIGN(
      const std::vector<Candidate> candidates,
      measure(layers, protection.before, judge, start + kShareForMeasuring * options.budget, protection.out_of_time));
  const auto with_first = [&](const std::vector<ProtectionStep>& steps, std::size_t count) {
    std::vector<ir::NodeId> nodes;
    for (std::size_t i = 0; i < count; ++i) nodes.push_back(steps[i].node);
    return judge(nodes, Effort::full);
  };
  const double all = work_of(layers);
  // One per cent of the whole is added to each layer's work: what a change of format costs by itself.
  const auto own_work = [&](const Candidate& c) { return c.layer.macs + 0.01 * all; };
  const auto any_work = [](const Candidate&) { return 1.0; };
  // Where the best bargains are not enough, what they cost may have kept out a large layer that is.
  const std::vector<double>& shares = protection.before.shares;
  for (const auto& steps : {those_that_fit(candidates, shares, all, options.largest_share, own_work),
                            those_that_fit(candidates, shares, all, options.largest_share, any_work)}) {
    if (steps.empty() || Clock::now() > deadline) break;
    MANTISSA_ASSIGN(const Loss loss, with_first(steps, steps.size()));
    if (loss.of_allowed() >= protection.after.of_allowed()) continue;
    protection.after = loss;
    protection.steps = steps;
    if (loss.of_allowed() <= 1) break;
  }
  // Where that does not pass, what comes near it with fewer layers is better, for other pictures will judge; but no
  // check that passes may be lost.
  const std::vector<double> reached = protection.after.shares;
  const auto is_enough = [&](const Loss& loss) {
    for (std::size_t check = 0; check < reached.size(); ++check)
      if (loss.shares[check] > std::max(1.0, kNear * reached[check])) return false;
    return true;
  };
  std::size_t enough = protection.steps.size();  // the fewest that are known to do
  for (std::size_t too_few = 0; enough - too_few > 1;) {
    if (Clock::now() > deadline) {
      protection.out_of_time = true;
      break;
    }
    const std::size_t count = (too_few + enough) / 2;
    MANTISSA_ASSIGN(const Loss loss, with_first(protection.steps, count));
    if (is_enough(loss)) {
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
