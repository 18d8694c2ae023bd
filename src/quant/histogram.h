// What a value looks like: smallest, largest, and how often what. One pass, fixed memory, the same result for any order of the data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mantissa::quant {

// Equal bins over [-reach, reach), where reach is a power of two that doubles (neighbouring bins merge) whenever a larger value comes.
// Exact zeros are counted apart: every quantization holds them exactly, so they cost nothing. Not finite values are counted and left out.
class Histogram {
 public:
  static constexpr int kBins = 8192;  // some 500 in use even where the reach is generous and one side empty: two for each of 256 levels

  // From several threads inside, deterministic.
  void add(std::span<const float> values);

  [[nodiscard]] float minimum() const { return minimum_; }
  [[nodiscard]] float maximum() const { return maximum_; }
  [[nodiscard]] std::uint64_t zeros() const { return zeros_; }
  [[nodiscard]] std::uint64_t not_finite() const { return not_finite_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // all finite ones
  [[nodiscard]] const std::vector<std::uint64_t>& bins() const { return bins_; }
  [[nodiscard]] double bin_width() const { return 2.0 * reach_ / kBins; }
  [[nodiscard]] double bin_centre(int bin) const { return -reach_ + (bin + 0.5) * bin_width(); }

 private:
  void reach_out(double to);

  double reach_ = 0;
  float minimum_ = 0;
  float maximum_ = 0;
  std::uint64_t zeros_ = 0;
  std::uint64_t not_finite_ = 0;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> bins_;
};

}  // namespace mantissa::quant
