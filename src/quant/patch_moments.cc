#include "quant/patch_moments.h"

#include <algorithm>
#include <cmath>

#include "base/for_each_processor.h"
#include "base/threads.h"

namespace mantissa::quant {
namespace {

constexpr int kLargestPatch = 4096;
constexpr std::size_t kTogether = 8;  // patches added at once: as many products for each load and store of a sum

// row[j] += sum over s of weights[s] * patches[s][j], for j in [0, count).
MANTISSA_FOR_EACH_PROCESSOR void add_products(float* row, const float* weights, const float* const* patches, std::size_t count) {
  const float *p0 = patches[0], *p1 = patches[1], *p2 = patches[2], *p3 = patches[3];
  const float *p4 = patches[4], *p5 = patches[5], *p6 = patches[6], *p7 = patches[7];
  for (std::size_t j = 0; j < count; ++j) {
    row[j] += weights[0] * p0[j] + weights[1] * p1[j] + weights[2] * p2[j] + weights[3] * p3[j] + weights[4] * p4[j] + weights[5] * p5[j] +
              weights[6] * p6[j] + weights[7] * p7[j];
  }
}

}  // namespace

Result<Window> window_of(const ir::Graph& graph, ir::NodeId node) {
  const ir::Tensor* weight = graph.node(node).op == "Conv" ? graph.constant_input(node, 1) : nullptr;
  if (weight == nullptr || weight->shape.size() != 4 || graph.integer(node, "group", 1) != 1 || graph.text(node, "auto_pad", "NOTSET") != "NOTSET")
    return unsupported(graph.describe(node) + " is not a plain convolution of two dimensions");
  const auto strides = graph.integers(node, "strides", {1, 1});
  const auto dilations = graph.integers(node, "dilations", {1, 1});
  const auto pads = graph.integers(node, "pads", {0, 0, 0, 0});
  if (strides.size() != 2 || dilations.size() != 2 || pads.size() != 4) return unsupported(graph.describe(node) + " has attributes of other dimensions");
  const auto at = [](const std::vector<std::int64_t>& values, std::size_t i) { return static_cast<int>(values[i]); };
  Window w{at(weight->shape, 1), at(weight->shape, 2), at(weight->shape, 3), at(strides, 0), at(strides, 1), at(dilations, 0),
           at(dilations, 1),     at(pads, 0),          at(pads, 1),          at(pads, 2),    at(pads, 3)};
  if (w.size() > kLargestPatch) return unsupported(graph.describe(node) + " sees patches of " + std::to_string(w.size()) + " elements");
  return w;
}

std::pair<int, int> Window::output_size(int height, int width) const {
  return {(height + pad_top + pad_bottom - dilation_y * (kernel_height - 1) - 1) / stride_y + 1,
          (width + pad_left + pad_right - dilation_x * (kernel_width - 1) - 1) / stride_x + 1};
}

// In the order of a row of the weights: channel, then row, then column.
void Window::gather(std::span<const float> input, int height, int width, int out_y, int out_x, std::span<float> patch) const {
  std::size_t next = 0;
  for (int c = 0; c < channels; ++c) {
    const auto plane = input.subspan(static_cast<std::size_t>(c) * height * width);
    for (int ky = 0; ky < kernel_height; ++ky) {
      const int y = out_y * stride_y - pad_top + ky * dilation_y;
      for (int kx = 0; kx < kernel_width; ++kx) {
        const int x = out_x * stride_x - pad_left + kx * dilation_x;
        const bool inside = y >= 0 && y < height && x >= 0 && x < width;
        patch[next++] = inside ? plane[static_cast<std::size_t>(y) * width + x] : 0.0F;
      }
    }
  }
}

PatchMoments::PatchMoments(const Window& window)
    : window_(window), sums_(static_cast<std::size_t>(window.size()) * static_cast<std::size_t>(window.size()), 0.0F) {}

void PatchMoments::add(std::span<const std::int64_t> shape, std::span<const float> elements, double share, std::mt19937_64& random) {
  const int height = static_cast<int>(shape[2]);
  const int width = static_cast<int>(shape[3]);
  const auto [rows, columns] = window_.output_size(height, width);
  if (rows < 1 || columns < 1) return;
  const double wanted = std::max(share * rows * columns, 16.0);
  const std::size_t count = (static_cast<std::size_t>(wanted) + kTogether - 1) / kTogether * kTogether;

  const auto size = static_cast<std::size_t>(window_.size());
  std::vector<float> patches(count * size);
  for (std::size_t s = 0; s < count; ++s) {
    const auto batch = static_cast<std::size_t>(random() % static_cast<std::uint64_t>(shape[0]));
    const int y = static_cast<int>(random() % static_cast<std::uint64_t>(rows));
    const int x = static_cast<int>(random() % static_cast<std::uint64_t>(columns));
    window_.gather(elements.subspan(batch * static_cast<std::size_t>(window_.channels) * height * width), height, width, y, x,
                   std::span(patches).subspan(s * size, size));
  }
  base::parallel_for(size, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t first = 0; first < count; first += kTogether)
      for (std::size_t i = begin; i < end; ++i) {
        float weights[kTogether];
        const float* rows_of_patches[kTogether];
        for (std::size_t s = 0; s < kTogether; ++s) {
          rows_of_patches[s] = &patches[(first + s) * size];
          weights[s] = rows_of_patches[s][i];
        }
        add_products(&sums_[i * size], weights, rows_of_patches, i + 1);
      }
  });
  samples_ += static_cast<double>(count);
}

void PatchMoments::add_patch(std::span<const float> patch, double share) {
  const auto weight = static_cast<float>(share * samples_);
  for (std::size_t i = 0; i < patch.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) sums_[i * patch.size() + j] += weight * patch[i] * patch[j];
  samples_ += static_cast<double>(weight);
}

void PatchMoments::scale_channels(std::span<const double> factors) {
  const auto size = static_cast<std::size_t>(window_.size());
  const std::size_t of_channel = size / factors.size();
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      sums_[i * size + j] = static_cast<float>(sums_[i * size + j] * factors[i / of_channel] * factors[j / of_channel]);
}

double PatchMoments::mean(int i, int j) const {
  const auto size = static_cast<std::size_t>(window_.size());
  return samples_ == 0 ? 0 : static_cast<double>(sums_[static_cast<std::size_t>(i) * size + static_cast<std::size_t>(j)]) / samples_;
}

}  // namespace mantissa::quant
