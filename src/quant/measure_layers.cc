#include "quant/measure_layers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/interrupt.h"
#include "base/progress.h"

namespace mantissa::quant {
namespace {

// Layers next to each other, judged together.
struct Group {
  std::size_t begin, end;
  Loss loss;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};

// A group that adds less than this many layers do on average is not worth halving.
constexpr double kWorthHalving = 1;

double error_of(const Loss& loss) { return std::pow(10.0, -loss.decibels / 10); }

class Measurement {
 public:
  Measurement(const std::vector<Layer>& layers, const Loss& before, const JudgeProtection& judge,
              const std::function<double()>& time_left)
      : layers_(layers),
        before_(before),
        judge_(judge),
        time_left_(time_left),
        progress_("Measuring layers", static_cast<std::int64_t>(layers.size()), "layers") {}

  Result<MeasuredLayers> run() {
    const std::size_t count = layers_.size();
    const double start = time_left_();
    // The first and the last are unlike any others, and tell how long a judgement takes.
    MANTISSA_TRY(measure_in_time(0, 1));
    if (count > 1) MANTISSA_TRY(measure_in_time(count - 1, count));
    if (count > 2) MANTISSA_TRY(measure_between((start - time_left_()) / 2));
    while (const std::optional<std::size_t> costly = most_costly()) {
      if (time_left_() <= 0) {
        out_of_time_ = true;
        break;
      }
      const Group whole = groups_[*costly];
      const std::size_t middle = (whole.begin + whole.end) / 2;
      MANTISSA_TRY(measure(whole.begin, middle));
      MANTISSA_TRY(measure(middle, whole.end));
      groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(*costly));
    }
    std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return a.begin < b.begin; });
    return MeasuredLayers{shared_out(), out_of_time_};
  }

 private:
  Result<void> measure_in_time(std::size_t begin, std::size_t end) {
    if (time_left_() > 0) return measure(begin, end);
    out_of_time_ = true;
    return {};
  }

  Result<void> measure(std::size_t begin, std::size_t end) {
    MANTISSA_TRY(base::check_interrupt());
    std::vector<ir::NodeId> others;
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (i < begin || i >= end) others.push_back(layers_[i].node);
    MANTISSA_ASSIGN(Loss loss, judge_(others, Effort::rough));
    groups_.push_back({begin, end, std::move(loss)});
    progress_.advance();
    return {};
  }

  // All but the first and the last: one by one, or as many groups as leaves as much time for halving them.
  Result<void> measure_between(double seconds_each) {
    const std::size_t count = layers_.size() - 2;
    const double affordable = time_left_() / seconds_each;
    const std::size_t groups =
        affordable >= static_cast<double>(count)
            ? count
            : std::bit_floor(std::max<std::size_t>(static_cast<std::size_t>(std::max(affordable, 0.0) / 2), 1));
    for (std::size_t i = 0; i < groups; ++i)
      MANTISSA_TRY(measure_in_time(1 + count * i / groups, 1 + count * (i + 1) / groups));
    return {};
  }

  // The few pictures of a rough judgement are not all of them, and what is not a layer adds something too: what the
  // groups add is made to sum up to what was measured of all together.
  [[nodiscard]] std::vector<double> scales() const {
    std::vector<double> scales(before_.shares.size(), 0.0);
    for (const Group& group : groups_)
      for (std::size_t check = 0; check < scales.size(); ++check) scales[check] += group.loss.shares[check];
    for (std::size_t check = 0; check < scales.size(); ++check)
      scales[check] = scales[check] > 0 ? before_.shares[check] / scales[check] : 1;
    return scales;
  }

  // Of those that can be halved, if that is worth it.
  [[nodiscard]] std::optional<std::size_t> most_costly() const {
    const std::vector<double> scale = scales();
    const std::vector<double> nothing(scale.size(), 0.0);
    std::optional<std::size_t> most;
    double highest = 0, sum = 0;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      std::vector<double> removed = groups_[i].loss.shares;
      for (std::size_t check = 0; check < removed.size(); ++check) removed[check] *= scale[check];
      const double cost = need(before_.shares, nothing) - need(before_.shares, removed);
      sum += cost;
      if (groups_[i].size() == 1 || cost <= highest) continue;
      highest = cost;
      most = i;
    }
    if (highest < kWorthHalving * sum / static_cast<double>(layers_.size())) return std::nullopt;
    return most;
  }

  [[nodiscard]] std::vector<MeasuredLayer> shared_out() const {
    const std::vector<double> scale = scales();
    double all = 0;
    for (const Group& group : groups_) all += error_of(group.loss);
    std::vector<MeasuredLayer> measured;
    for (const Group& group : groups_) {
      double expected = 0;
      for (std::size_t i = group.begin; i < group.end; ++i) expected += layers_[i].expected_error;
      for (std::size_t i = group.begin; i < group.end; ++i) {
        const double part = expected > 0 ? layers_[i].expected_error / expected : 1 / static_cast<double>(group.size());
        MeasuredLayer layer{layers_[i], group.loss.shares, 0};
        for (std::size_t check = 0; check < scale.size(); ++check) layer.shares[check] *= scale[check] * part;
        const double error = part * error_of(group.loss);
        if (error < all) layer.gain = -10 * std::log10(1 - error / all);
        measured.push_back(std::move(layer));
      }
    }
    return measured;
  }

  const std::vector<Layer>& layers_;
  const Loss& before_;
  const JudgeProtection& judge_;
  const std::function<double()>& time_left_;
  base::Progress progress_;
  std::vector<Group> groups_;
  bool out_of_time_ = false;
};

}  // namespace

double expected_error(const Histogram& input) {
  double power = 0, count = 0;
  for (int i = 0; i < Histogram::kBins; ++i) {
    const double here = input.bins()[static_cast<std::size_t>(i)];
    power += here * input.bin_centre(i) * input.bin_centre(i);
    count += here;
  }
  const double step = (input.maximum() - input.minimum()) / 255;
  return power > 0 ? step * step / 12 * count / power : 0;
}

Result<MeasuredLayers> measure_layers(const std::vector<Layer>& layers, const Loss& before,
                                      const JudgeProtection& judge, const std::function<double()>& time_left) {
  if (layers.empty()) return MeasuredLayers{};
  return Measurement(layers, before, judge, time_left).run();
}

}  // namespace mantissa::quant
