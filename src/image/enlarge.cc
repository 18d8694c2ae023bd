#include "image/enlarge.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "base/for_each_processor.h"
#include "image/cubic.h"

namespace mantissa::image {
namespace {

constexpr int kMargin = 2;  // how many samples the cubic kernel reaches to each side

using Inputs = std::array<const float*, 4>;

// One function for rows and columns: for columns the inputs are the same row, one sample further on each.
MANTISSA_FOR_EACH_PROCESSOR void weigh(const float* a, const float* b, const float* c, const float* d,
                                       const float* weights, float* __restrict out, std::size_t count) {
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  for (std::size_t i = 0; i < count; ++i) out[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
}

// Twice as fast as a loop for any factor.
MANTISSA_FOR_EACH_PROCESSOR void take_turns(const float* even, const float* odd, float* __restrict out,
                                            std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    out[2 * i] = even[i];
    out[2 * i + 1] = odd[i];
  }
}

void weigh(const Inputs& inputs, const std::array<float, 4>& weights, float* out, std::size_t count) {
  weigh(inputs[0], inputs[1], inputs[2], inputs[3], weights.data(), out, count);
}

}  // namespace

Enlarger::Enlarger(int width, int factor)
    : width_(width),
      factor_(factor),
      phases_(static_cast<std::size_t>(factor)),
      row_(static_cast<std::size_t>(kMargin + width + kMargin)),
      lines_(static_cast<std::size_t>(width) * static_cast<std::size_t>(factor)) {
  assert(width > 0 && factor > 0);
  for (int i = 0; i < factor; ++i) {
    Phase& phase = phases_[static_cast<std::size_t>(i)];
    const double centre = (i + 0.5) / factor - 0.5;
    phase.first = centre < 0 ? -kMargin : 1 - kMargin;
    for (int tap = 0; tap < 4; ++tap)
      phase.weights[static_cast<std::size_t>(tap)] = static_cast<float>(cubic(centre - (phase.first + tap)));
  }
}

void Enlarger::between_rows(std::span<const float> plane, int y, int left, int right) {
  const auto width = static_cast<std::size_t>(width_);
  const int height = static_cast<int>(plane.size() / width);
  const int first = std::max(left, 0), last = std::min(right, width_);
  const Phase& phase = phases_[static_cast<std::size_t>(y % factor_)];
  Inputs inputs{};
  for (int tap = 0; tap < 4; ++tap) {
    const int from = mirrored(y / factor_ + phase.first + tap, height);
    inputs[static_cast<std::size_t>(tap)] = plane.data() + static_cast<std::size_t>(from) * width + first;
  }
  const auto sample = [&](int x) -> float& { return row_[static_cast<std::size_t>(x - left)]; };
  weigh(inputs, phase.weights, &sample(first), static_cast<std::size_t>(last - first));
  for (int x = left; x < first; ++x) sample(x) = sample(mirrored(x, width_));
  for (int x = last; x < right; ++x) sample(x) = sample(mirrored(x, width_));
}

void Enlarger::row(std::span<const float> plane, int y, int left, int count, float* out) {
  const auto columns = static_cast<std::size_t>(count), factor = static_cast<std::size_t>(factor_);
  if (factor == 1) {
    const auto start = static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(left);
    std::copy_n(plane.data() + start, columns, out);
    return;
  }
  between_rows(plane, y, left - kMargin, left + count + kMargin);
  for (std::size_t i = 0; i < factor; ++i) {
    const float* const from = row_.data() + kMargin + phases_[i].first;
    weigh({from, from + 1, from + 2, from + 3}, phases_[i].weights, lines_.data() + i * columns, columns);
  }
  if (factor == 2) return take_turns(lines_.data(), lines_.data() + columns, out, columns);
  for (std::size_t i = 0; i < factor; ++i)
    for (std::size_t x = 0; x < columns; ++x) out[x * factor + i] = lines_[i * columns + x];
}

}  // namespace mantissa::image
