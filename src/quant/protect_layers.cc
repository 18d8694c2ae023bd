#include "quant/protect_layers.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/work_clock.h"

namespace mantissa::quant {
namespace {

constexpr double kShareForMeasuring = 0.6;  // of the budget: what was measured must still be tried together

constexpr double kNear = 1.05;

// Of all work: what a change of format costs by itself. A layer with less is not worth a judgement to give it back.
constexpr double kWorkOfChange = 0.01;
// Of so few layers every combination is looked at.
constexpr std::size_t kFewLayers = 14;
// Judgements for giving back: most layers are needed.
constexpr std::size_t kGiveBack = 8;

enum class Search {
  by_price,          // one after another what is worth most for the time that it costs
  by_worth,          // without regard to that
  all_combinations,  // of few layers
};

// What may go back to float.
struct Limit {
  double time;   // added, of all in integers
  double share;  // of the multiply-accumulates
  Search search = Search::by_price;
};

// What layers cost in float.
class Costs {
 public:
  Costs(const std::vector<Layer>& layers, double float_cost)
      : float_cost_(float_cost),
        all_(std::accumulate(layers.begin(), layers.end(), 0.0,
                             [](double sum, const Layer& layer) { return sum + layer.macs; })) {}

  [[nodiscard]] double share(double macs) const { return macs / all_; }
  [[nodiscard]] double time(double macs) const { return share(macs) * (float_cost_ - 1); }
  [[nodiscard]] bool fits(double macs, const Limit& limit) const {
    return time(macs) <= limit.time && share(macs) <= limit.share;
  }
  // Of one layer, in float or between others that are.
  [[nodiscard]] double price(const Layer& layer) const { return time(layer.macs) + kWorkOfChange; }
  [[nodiscard]] bool is_large(const Layer& layer) const { return share(layer.macs) >= kWorkOfChange; }

 private:
  double float_cost_;
  double all_;
};

// One after another those whose removal is worth most for what they cost, as many as fit.
std::vector<MeasuredLayer> those_that_fit(std::vector<MeasuredLayer> candidates, std::vector<double> shares,
                                          const Costs& costs, const Limit& limit, double aim) {
  std::vector<MeasuredLayer> chosen;
  const std::vector<double> nothing(shares.size(), 0.0);
  double macs = 0;  // in float
  while (true) {
    std::erase_if(candidates, [&](const MeasuredLayer& c) { return !costs.fits(macs + c.layer.macs, limit); });
    if (candidates.empty()) return chosen;
    const double before = need(shares, nothing, aim);
    const auto worth = [&](const MeasuredLayer& c) {
      return (before - need(shares, c.shares, aim)) / (limit.search == Search::by_worth ? 1 : costs.price(c.layer));
    };
    const auto best =
        std::max_element(candidates.begin(), candidates.end(),
                         [&](const MeasuredLayer& a, const MeasuredLayer& b) { return worth(a) < worth(b); });
    for (std::size_t check = 0; check < shares.size(); ++check) shares[check] -= best->shares[check];
    macs += best->layer.macs;
    chosen.push_back(std::move(*best));
    candidates.erase(best);
  }
}

// Of few layers those that fit and bring the checks furthest. One after another, a large one may keep out several that
// are worth more together.
std::vector<MeasuredLayer> best_that_fit(const std::vector<MeasuredLayer>& candidates,
                                         const std::vector<double>& shares, const Costs& costs, const Limit& limit,
                                         double aim) {
  const auto is_in = [](std::size_t subset, std::size_t layer) { return (subset >> layer & 1) != 0; };
  std::size_t best = 0;
  double least = need(shares, std::vector<double>(shares.size(), 0.0), aim);
  for (std::size_t subset = 1; subset < (std::size_t{1} << candidates.size()); ++subset) {
    std::vector<double> removed(shares.size(), 0.0);
    double macs = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!is_in(subset, i)) continue;
      macs += candidates[i].layer.macs;
      for (std::size_t check = 0; check < shares.size(); ++check) removed[check] += candidates[i].shares[check];
    }
    const double left = need(shares, removed, aim);
    if (left >= least || !costs.fits(macs, limit)) continue;
    least = left;
    best = subset;
  }
  std::vector<MeasuredLayer> chosen;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (is_in(best, i)) chosen.push_back(candidates[i]);
  return chosen;
}

std::vector<ProtectionStep> steps_of(const std::vector<MeasuredLayer>& layers, const Costs& costs) {
  std::vector<ProtectionStep> steps;
  double macs = 0;
  for (const MeasuredLayer& measured : layers) {
    macs += measured.layer.macs;
    steps.push_back({measured.layer.node, measured.gain, costs.share(macs), costs.time(macs)});
  }
  return steps;
}

class Protector {
 public:
  Protector(const std::vector<Layer>& layers, const JudgeProtection& judge, const ProtectOptions& options)
      : layers_(layers), judge_(judge), options_(options), costs_(layers, options.float_cost) {
    if (!options_.clock) options_.clock = [clock = base::WorkClock()] { return clock.seconds(); };
    start_ = options_.clock();
  }

  Result<Protection> run() {
    MANTISSA_ASSIGN(result_.before, judge_({}, Effort::full));
    result_.after = result_.before;
    if (passes(result_.before) || layers_.empty()) return std::move(result_);
    MANTISSA_ASSIGN(result_.measured, measure());
    result_.out_of_time = result_.measured.out_of_time;
    MANTISSA_TRY(choose(result_.measured.layers));
    MANTISSA_TRY(drop_last());
    MANTISSA_TRY(give_back());
    result_.steps = steps_of(chosen_, costs_);
    return std::move(result_);
  }

 private:
  [[nodiscard]] double time_left(double share = 1) const {
    return share * options_.budget - (options_.clock() - start_);
  }
  // Says so in the result if it is.
  [[nodiscard]] bool is_time_up() {
    const bool up = time_left() <= 0;
    result_.out_of_time |= up;
    return up;
  }

  [[nodiscard]] bool passes(const Loss& loss) const { return loss.of_allowed() <= options_.aim; }
  [[nodiscard]] bool is_bearable(const Loss& loss) const { return options_.aim < 1 ? passes(loss) : loss.bearable; }

  Result<MeasuredLayers> measure() {
    if (options_.measured != nullptr) return *options_.measured;
    return measure_layers(layers_, result_.before, judge_, [this] { return time_left(kShareForMeasuring); });
  }

  Result<Loss> judge(const std::vector<MeasuredLayer>& layers) {
    std::vector<ir::NodeId> nodes;
    nodes.reserve(layers.size());
    for (const MeasuredLayer& measured : layers) nodes.push_back(measured.layer.node);
    return judge_(nodes, Effort::full);
  }

  // What passes within the narrowest limit, or comes nearest. Where the best bargains are not enough, what they cost
  // may have kept out a large layer that is, or that layer others: further searches have no regard for it. These few
  // judgements are made even when the time is up, until one is bearable: a file that is left out after minutes helps
  // nobody.
  Result<void> choose(const std::vector<MeasuredLayer>& measured) {
    constexpr double kAny = std::numeric_limits<double>::infinity();
    std::vector<Limit> limits = {{options_.wanted_time, options_.largest_shares.front()}};
    for (const double share : options_.largest_shares) {
      limits.push_back({kAny, share});
      limits.push_back({kAny, share, Search::by_worth});
      if (measured.size() <= kFewLayers) limits.push_back({kAny, share, Search::all_combinations});
    }
    for (const Limit& limit : limits) {
      const bool is_wider = limit.share > options_.largest_shares.front();
      if (is_wider && is_bearable(result_.after)) break;
      const std::vector<double>& shares = result_.before.shares;
      std::vector<MeasuredLayer> layers = those_that_fit(
          limit.search == Search::all_combinations ? best_that_fit(measured, shares, costs_, limit, options_.aim)
                                                   : measured,
          shares, costs_, limit, options_.aim);
      if (layers.empty() || (is_time_up() && is_bearable(result_.after))) continue;
      MANTISSA_ASSIGN(Loss loss, judge(layers));
      if (loss.of_allowed() >= result_.after.of_allowed()) continue;
      result_.after = std::move(loss);
      chosen_ = std::move(layers);
      if (passes(result_.after)) break;
    }
    reached_ = result_.after.shares;
    return {};
  }

  // Where that does not pass, what comes near it with fewer layers is better, for other pictures will judge; but no
  // check that passes may be lost.
  [[nodiscard]] bool is_enough(const Loss& loss) const {
    for (std::size_t check = 0; check < reached_.size(); ++check)
      if (loss.shares[check] > std::max(options_.aim, kNear * reached_[check])) return false;
    return true;
  }

  // Keeps the fewest of the first that are enough, found by bisection.
  Result<void> drop_last() {
    std::size_t enough = chosen_.size();
    for (std::size_t too_few = 0; enough - too_few > 1 && !is_time_up();) {
      const std::size_t count = (too_few + enough) / 2;
      MANTISSA_ASSIGN(Loss loss, judge({chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(count)}));
      if (is_enough(loss)) {
        enough = count;
        result_.after = std::move(loss);
      } else {
        too_few = count;
      }
    }
    chosen_.resize(enough);
    return {};
  }

  // The order was that of what was measured roughly: what was taken before others may not be needed with them.
  Result<void> give_back() {
    std::vector<Layer> largest;
    for (std::size_t i = 0; i + 1 < chosen_.size(); ++i)  // without the last, it was just found, is not enough
      if (costs_.is_large(chosen_[i].layer)) largest.push_back(chosen_[i].layer);
    std::stable_sort(largest.begin(), largest.end(), [](const Layer& a, const Layer& b) { return a.macs > b.macs; });
    largest.resize(std::min(largest.size(), kGiveBack));
    for (const Layer& layer : largest) {
      if (is_time_up()) break;
      std::vector<MeasuredLayer> without = chosen_;
      std::erase_if(without, [&](const MeasuredLayer& measured) { return measured.layer.node == layer.node; });
      MANTISSA_ASSIGN(Loss loss, judge(without));
      if (!is_enough(loss)) continue;
      chosen_ = std::move(without);
      result_.after = std::move(loss);
    }
    return {};
  }

  const std::vector<Layer>& layers_;
  const JudgeProtection& judge_;
  ProtectOptions options_;
  Costs costs_;
  double start_ = 0;
  std::vector<MeasuredLayer> chosen_;
  std::vector<double> reached_;  // the checks with all that were chosen at first
  Protection result_;
};

}  // namespace

Result<Protection> protect_layers(const std::vector<Layer>& layers, const JudgeProtection& judge,
                                  const ProtectOptions& options) {
  return Protector(layers, judge, options).run();
}

}  // namespace mantissa::quant
