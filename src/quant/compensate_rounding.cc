#include "quant/compensate_rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/for_each_processor.h"
#include "base/threads.h"
#include "quant/triangle.h"

namespace mantissa::quant {
namespace {

// Added to the diagonal, as a share of its mean: few samples leave directions that were hardly seen. The paper's value.
constexpr float kDamping = 0.01F;

constexpr std::size_t kLanes = 16;    // output channels that are rounded side by side
constexpr std::size_t kPartials = 4;  // sums on the way at once: an addition need not wait for the one before

// With H = U^T U the squared error of an output channel is |U e|^2, where e are the errors of its weights. From the
// last weight up, each is rounded such that its component of U e is least, given the errors of those below it. The
// result is that of GPTQ (Chen et al. 2025, The Geometry of LLM Quantization), and no inverse of H is needed. `weights`,
// `errors` and `known`, what errors outside add to the components of U e, are [size][kLanes]; `errors` has room for
// kPartials more. `left` becomes the squares of these components.
MANTISSA_FOR_EACH_PROCESSOR_FUSED void round_lanes(const float* factor, std::size_t stride, std::size_t size,
                                                   const float* scales, const GridRounding& round, const float* known,
                                                   float* weights, float* errors, float* left) {
  float squares[kLanes] = {};
  for (std::size_t k = size; k-- > 0;) {
    const float* row = factor + k * stride;
    float sums[kPartials][kLanes] = {};
    MANTISSA_FOR_LANES (lane, kLanes) sums[0][lane] = known[k * kLanes + lane];
    for (std::size_t i = k + 1; i < size; i += kPartials)
      for (std::size_t p = 0; p < kPartials; ++p)
        MANTISSA_FOR_LANES (lane, kLanes) sums[p][lane] += row[i + p] * errors[(i + p) * kLanes + lane];
    MANTISSA_FOR_LANES (lane, kLanes) {
      const float sum = sums[0][lane] + sums[1][lane] + sums[2][lane] + sums[3][lane];
      const float weight = weights[k * kLanes + lane];
      const float rounded = round((weight + sum / row[k]) / scales[lane]) * scales[lane];
      const float component = (weight - rounded) * row[k] + sum;
      weights[k * kLanes + lane] = rounded;
      errors[k * kLanes + lane] = weight - rounded;
      squares[lane] += component * component;
    }
  }
  MANTISSA_FOR_LANES (lane, kLanes) left[lane] = squares[lane];
}

// What the errors of elements `end` to `size` add to the components of U e of `begin` to `end`.
MANTISSA_FOR_EACH_PROCESSOR_FUSED void add_up(const Triangle& factor, std::size_t begin, std::size_t end,
                                              const float* errors, float* known) {
  for (std::size_t k = begin; k < end; ++k) {
    const float* row = factor.elements.data() + k * factor.stride;
    float sums[kLanes] = {};
    for (std::size_t i = end; i < factor.size; ++i)
      MANTISSA_FOR_LANES (lane, kLanes) sums[lane] += row[i] * errors[i * kLanes + lane];
    MANTISSA_FOR_LANES (lane, kLanes) known[(k - begin) * kLanes + lane] = sums[lane];
  }
}

// Of the scale that clips nothing. Errors of other blocks, which a block makes up for, may ask for more.
constexpr float kSmallest = 0.6F, kLargest = 1.1F;
constexpr int kCandidates = 26;

// The factor of the damped moments of the elements in that order.
Result<Triangle> factor_of(const PatchMoments& moments, const std::vector<int>& order) {
  Triangle factor = moments.means(order);
  float mean = 0;
  for (std::size_t i = 0; i < factor.size; ++i) mean += factor.row(i)[i] / static_cast<float>(factor.size);
  for (std::size_t i = 0; i < factor.size; ++i) factor.row(i)[i] += std::max(kDamping * mean, 1e-12F);
  if (!factor_cholesky(factor))
    return internal_error("the second moments of a layer's input are not positive definite");
  return factor;
}

// Where every error counts alike.
Triangle identity(std::size_t size) {
  Triangle factor(size);
  for (std::size_t i = 0; i < size; ++i) factor.row(i)[i] = 1;
  return factor;
}

// Up to kLanes output channels, the weights and errors of each in the order in which they are rounded.
struct Lanes {
  Lanes(std::span<const float> rows, const std::vector<int>& order)
      : weights(order.size() * kLanes), errors((order.size() + kPartials) * kLanes) {
    for (std::size_t lane = 0; lane < rows.size() / order.size(); ++lane)
      for (std::size_t k = 0; k < order.size(); ++k)
        weights[k * kLanes + lane] = rows[lane * order.size() + static_cast<std::size_t>(order[k])];
  }
  void put_back(std::span<float> rows, const std::vector<int>& order) const {
    for (std::size_t lane = 0; lane < rows.size() / order.size(); ++lane)
      for (std::size_t k = 0; k < order.size(); ++k)
        rows[lane * order.size() + static_cast<std::size_t>(order[k])] = weights[k * kLanes + lane];
  }

  std::vector<float> weights;
  std::vector<float> errors;
};

// Calls visit(first row, number of rows) for groups of output channels, on all cores.
template <class Visit>
void for_each_group(std::size_t rows, const Visit& visit) {
  base::parallel_for((rows + kLanes - 1) / kLanes, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t group = begin; group < end; ++group)
      visit(group * kLanes, std::min(kLanes, rows - group * kLanes));
  });
}

// The elements block by block, and the blocks' own order.
struct BlockOrder {
  std::vector<int> elements;
  std::vector<std::size_t> blocks;
};

BlockOrder order_of(std::size_t size, std::size_t block, const PatchMoments* moments) {
  const auto use = [&](std::size_t i) {
    return moments == nullptr ? 0.0 : moments->mean(static_cast<int>(i), static_cast<int>(i));
  };
  BlockOrder order;
  std::vector<double> uses;  // the mean of each block
  for (std::size_t begin = 0; begin < size; begin += block) {
    const std::size_t end = std::min(begin + block, size);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += use(i);
    order.blocks.push_back(uses.size());
    uses.push_back(sum / static_cast<double>(end - begin));
  }
  std::stable_sort(order.blocks.begin(), order.blocks.end(), [&](auto a, auto b) { return uses[a] < uses[b]; });
  for (const std::size_t each : order.blocks) {
    const auto first = static_cast<std::ptrdiff_t>(order.elements.size());
    for (std::size_t i = each * block; i < std::min((each + 1) * block, size); ++i)
      order.elements.push_back(static_cast<int>(i));
    std::stable_sort(order.elements.begin() + first, order.elements.end(),
                     [&](int a, int b) { return use(static_cast<std::size_t>(a)) < use(static_cast<std::size_t>(b)); });
  }
  return order;
}

// Rounds elements `begin` to `end` of the lanes, whose errors from there on are known, with the best scale for each.
// Without a factor every error counts alike.
void round_block(Lanes& lanes, const Triangle* factor, std::size_t begin, std::size_t end, const WeightGrid& grid,
                 float* scales) {
  const std::size_t size = end - begin;
  const Triangle alone = identity(factor == nullptr ? size : 0);
  const float* own_factor = factor == nullptr ? alone.row(0) : factor->row(begin) + begin;
  const std::size_t stride = factor == nullptr ? alone.stride : factor->stride;
  const GridRounding round(grid);
  std::vector<float> known(size * kLanes), weights, errors((size + kPartials) * kLanes);
  if (factor != nullptr) add_up(*factor, begin, end, lanes.errors.data(), known.data());
  const std::span<const float> before(&lanes.weights[begin * kLanes], size * kLanes);
  float unclipped[kLanes] = {};
  for (std::size_t i = 0; i < before.size(); ++i)
    unclipped[i % kLanes] = std::max(unclipped[i % kLanes], std::fabs(before[i]) / grid.largest);
  for (float& scale : unclipped)
    if (!std::isnormal(scale)) scale = 1;  // nothing but zeros, which any scale holds
  float least[kLanes], left[kLanes], tried[kLanes];
  std::fill_n(least, kLanes, std::numeric_limits<float>::max());
  std::copy_n(unclipped, kLanes, scales);
  const auto round_with = [&](const float* with) {
    weights.assign(before.begin(), before.end());
    round_lanes(own_factor, stride, size, with, round, known.data(), weights.data(), errors.data(), left);
  };
  for (int i = 0; i < kCandidates; ++i) {
    const float share = kSmallest + (kLargest - kSmallest) * static_cast<float>(i) / (kCandidates - 1);
    for (std::size_t lane = 0; lane < kLanes; ++lane) tried[lane] = share * unclipped[lane];
    round_with(tried);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (!(left[lane] < least[lane])) continue;
      least[lane] = left[lane];
      scales[lane] = tried[lane];
    }
  }
  round_with(scales);
  std::copy(weights.begin(), weights.end(), lanes.weights.begin() + static_cast<std::ptrdiff_t>(begin * kLanes));
  std::copy_n(errors.begin(), size * kLanes, lanes.errors.begin() + static_cast<std::ptrdiff_t>(begin * kLanes));
}

}  // namespace

Result<void> compensate_rounding(std::span<float> weights, std::span<const float> scales, const WeightGrid& grid,
                                 const PatchMoments& moments) {
  const auto size = static_cast<std::size_t>(moments.window().size());
  const std::vector<int> order = order_of(size, 1, &moments).elements;
  MANTISSA_ASSIGN(const Triangle factor, factor_of(moments, order));
  const std::vector<float> nothing(size * kLanes);
  for_each_group(scales.size(), [&](std::size_t first, std::size_t count) {
    const std::span<float> rows = weights.subspan(first * size, count * size);
    Lanes lanes(rows, order);
    float own_scales[kLanes], left[kLanes];
    std::fill_n(own_scales, kLanes, 1.0F);
    std::copy_n(scales.begin() + static_cast<std::ptrdiff_t>(first), count, own_scales);
    round_lanes(factor.elements.data(), factor.stride, size, own_scales, GridRounding(grid), nothing.data(),
                lanes.weights.data(), lanes.errors.data(), left);
    lanes.put_back(rows, order);
  });
  return {};
}

Result<std::vector<float>> compensate_rounding_in_blocks(std::span<float> weights, std::size_t size,
                                                         const WeightGrid& grid, const PatchMoments* moments) {
  const BlockOrder order = order_of(size, grid.block, moments);
  std::optional<Triangle> factor;
  if (moments != nullptr) {
    MANTISSA_ASSIGN(factor, factor_of(*moments, order.elements));
  }
  const std::size_t blocks = order.blocks.size(), rows = weights.size() / size;
  std::vector<float> scales(rows * blocks);
  for_each_group(rows, [&](std::size_t first, std::size_t count) {
    const std::span<float> own = weights.subspan(first * size, count * size);
    Lanes lanes(own, order.elements);
    std::size_t end = size;
    for (std::size_t i = blocks; i-- > 0;) {
      const std::size_t block = order.blocks[i];
      const std::size_t begin = end - std::min(grid.block, size - block * grid.block);
      float of_block[kLanes];
      round_block(lanes, factor ? &*factor : nullptr, begin, end, grid, of_block);
      for (std::size_t lane = 0; lane < count; ++lane) scales[(first + lane) * blocks + block] = of_block[lane];
      end = begin;
    }
    lanes.put_back(own, order.elements);
  });
  return scales;
}

}  // namespace mantissa::quant
