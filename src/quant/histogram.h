// How often a value of the network is how large.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace mantissa::quant {

// The largest magnitude among them; infinity where one is not finite.
[[nodiscard]] double largest_magnitude_of(std::span<const float> elements);

// One channel of a value, gathered in one pass in fixed memory. Extremes and mean are those of all elements. The bins
// count what is extreme and a part of the rest, which stands for all of it; no exact zeros, which every quantization
// holds exactly. Equal bins over [-reach, reach); reach starts at a power of two and doubles (neighbouring bins merge)
// whenever a larger element comes. Elements that are not finite are counted and left out.
class ChannelStatistics {
 public:
  static constexpr int kBins = 512;  // 2 kB: many channels stay in the cache while they are gathered

  void add(std::span<const float> elements);
  // As if every element had been multiplied by the positive `factor`.
  void scale(double factor);

  [[nodiscard]] double minimum() const { return minimum_; }
  [[nodiscard]] double maximum() const { return maximum_; }
  [[nodiscard]] double mean() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // finite ones
  [[nodiscard]] std::uint64_t not_finite() const { return not_finite_; }
  [[nodiscard]] double reach() const { return reach_; }
  [[nodiscard]] const std::array<std::uint32_t, kBins>& bins() const { return bins_; }

 private:
  void reach_out(double to);
  void add_to_bins(std::span<const float> block, bool in_full);

  double reach_ = 0;
  double minimum_ = 0;
  double maximum_ = 0;
  double sum_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t not_finite_ = 0;
  std::array<std::uint32_t, kBins> bins_{};
};

// All channels of a value together: what its range is chosen on.
class Histogram {
 public:
  static constexpr int kBins = 8192;  // fine enough for ranges even where most of the reach is empty

  explicit Histogram(std::span<const ChannelStatistics> channels);

  [[nodiscard]] double minimum() const { return minimum_; }
  [[nodiscard]] double maximum() const { return maximum_; }
  [[nodiscard]] bool only_zeros() const { return minimum_ == 0 && maximum_ == 0; }
  [[nodiscard]] const std::vector<double>& bins() const { return bins_; }
  [[nodiscard]] double bin_width() const { return 2.0 * reach_ / kBins; }
  [[nodiscard]] double bin_centre(int bin) const { return -reach_ + (bin + 0.5) * bin_width(); }

 private:
  double reach_ = 0;
  double minimum_ = 0;
  double maximum_ = 0;
  std::vector<double> bins_;
};

}  // namespace mantissa::quant
