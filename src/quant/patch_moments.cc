#include "quant/patch_moments.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/threads.h"

namespace mantissa::quant {
namespace {

constexpr int kLargestPatch = 4096;

// One channel of a patch, in the order of a row of the weights: row, then column.
void gather(const Window& window, const float* plane, int height, int width, const Position& position, float* patch) {
  const int first_y = position.y * window.stride_y - window.pad_top;
  const int first_x = position.x * window.stride_x - window.pad_left;
  const int end = first_x + window.dilation_x * window.kernel_width;
  const bool columns_inside = first_x >= 0 && end - window.dilation_x < width;
  for (int ky = 0; ky < window.kernel_height; ++ky) {
    const int y = first_y + ky * window.dilation_y;
    const bool row_inside = y >= 0 && y < height;
    const float* row = plane + static_cast<std::ptrdiff_t>(row_inside ? y : 0) * width;
    if (row_inside && columns_inside)
      for (int x = first_x; x < end; x += window.dilation_x) *patch++ = row[x];
    else
      for (int x = first_x; x < end; x += window.dilation_x)
        *patch++ = row_inside && x >= 0 && x < width ? row[x] : 0.0F;
  }
}

}  // namespace

Result<Window> window_of(const ir::Graph& graph, ir::NodeId node) {
  const ir::Tensor* weight = graph.node(node).op == "Conv" ? graph.constant_input(node, 1) : nullptr;
  if (weight == nullptr || weight->shape.size() != 4 || graph.integer(node, "group", 1) != 1 ||
      graph.text(node, "auto_pad", "NOTSET") != "NOTSET")
    return unsupported(graph.describe(node) + " is not a plain convolution of two dimensions");
  const auto strides = graph.integers(node, "strides", {1, 1});
  const auto dilations = graph.integers(node, "dilations", {1, 1});
  const auto pads = graph.integers(node, "pads", {0, 0, 0, 0});
  if (strides.size() != 2 || dilations.size() != 2 || pads.size() != 4)
    return unsupported(graph.describe(node) + " has attributes of other dimensions");
  const auto at = [](const std::vector<std::int64_t>& values, std::size_t i) { return static_cast<int>(values[i]); };
  Window w{at(weight->shape, 1), at(weight->shape, 2), at(weight->shape, 3), at(strides, 0),
           at(strides, 1),       at(dilations, 0),     at(dilations, 1),     at(pads, 0),
           at(pads, 1),          at(pads, 2),          at(pads, 3)};
  if (w.size() > kLargestPatch)
    return unsupported(graph.describe(node) + " sees patches of " + std::to_string(w.size()) + " elements");
  return w;
}

std::pair<int, int> Window::output_size(int height, int width) const {
  return {(height + pad_top + pad_bottom - dilation_y * (kernel_height - 1) - 1) / stride_y + 1,
          (width + pad_left + pad_right - dilation_x * (kernel_width - 1) - 1) / stride_x + 1};
}

std::vector<Position> choose_positions(std::size_t count, std::int64_t batches, int rows, int columns,
                                       std::mt19937_64& random) {
  std::vector<Position> positions(count);
  for (Position& position : positions) {
    position.batch = static_cast<std::size_t>(random() % static_cast<std::uint64_t>(batches));
    position.y = static_cast<int>(random() % static_cast<std::uint64_t>(rows));
    position.x = static_cast<int>(random() % static_cast<std::uint64_t>(columns));
  }
  return positions;
}

void gather_patches(const Window& window, std::span<const std::int64_t> shape, std::span<const float> elements,
                    std::span<const Position> positions, float* patches, std::size_t stride) {
  const int height = static_cast<int>(shape[2]), width = static_cast<int>(shape[3]);
  // Channel by channel, so that the plane that is picked from stays in the cache.
  const auto channels = static_cast<std::size_t>(window.channels);
  const std::size_t of_channel = static_cast<std::size_t>(window.size()) / channels;
  const std::size_t plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  base::parallel_for(channels, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c)
      for (std::size_t s = 0; s < positions.size(); ++s)
        gather(window, &elements[(positions[s].batch * channels + c) * plane], height, width, positions[s],
               &patches[s * stride + c * of_channel]);
  });
}

PatchMoments::PatchMoments(const Window& window)
    : PatchMoments(window, Triangle(static_cast<std::size_t>(window.size())), 0) {}

PatchMoments::PatchMoments(const Window& window, Triangle sums, double samples)
    : window_(window), samples_(samples), sums_(std::make_shared<Triangle>(std::move(sums))) {}

void PatchMoments::add(std::span<const std::int64_t> shape, std::span<const float> elements, double share,
                       std::mt19937_64& random) {
  assert(factors_.empty());
  const auto [rows, columns] = window_.output_size(static_cast<int>(shape[2]), static_cast<int>(shape[3]));
  if (rows < 1 || columns < 1) return;
  const auto count = static_cast<std::size_t>(std::max(share * rows * columns, 16.0));
  const std::vector<Position> positions = choose_positions(count, shape[0], rows, columns, random);

  if (sums_.use_count() > 1) sums_ = std::make_shared<Triangle>(*sums_);
  const std::size_t stride = sums_->stride;
  const auto patches = std::make_unique_for_overwrite<float[]>(count * stride);
  for (std::size_t s = 0; s < count; ++s)
    std::fill(&patches[s * stride + sums_->size], &patches[s * stride] + stride, 0.0F);
  gather_patches(window_, shape, elements, positions, patches.get(), stride);
  add_products(*sums_, {patches.get(), stride, count});
  samples_ += static_cast<double>(count);
}

void PatchMoments::scale_channels(std::span<const double> factors) {
  factors_.resize(factors.size(), 1.0);
  for (std::size_t c = 0; c < factors.size(); ++c) factors_[c] *= factors[c];
}

double PatchMoments::factor(int element) const {
  return factors_.empty() ? 1 : factors_[static_cast<std::size_t>(element) / (sums_->size / factors_.size())];
}

double PatchMoments::mean(int i, int j) const {
  return samples_ == 0
             ? 0
             : factor(i) * factor(j) *
                   static_cast<double>(sums_->at(static_cast<std::size_t>(i), static_cast<std::size_t>(j))) / samples_;
}

Triangle PatchMoments::means(std::span<const int> order) const {
  Triangle means(order.size());
  if (samples_ == 0) return means;
  std::vector<float> factors;
  for (const int element : order) factors.push_back(static_cast<float>(factor(element) / std::sqrt(samples_)));
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t j = i; j < order.size(); ++j)
      means.row(i)[j] =
          factors[i] * factors[j] * sums_->at(static_cast<std::size_t>(order[i]), static_cast<std::size_t>(order[j]));
  return means;
}

}  // namespace mantissa::quant
