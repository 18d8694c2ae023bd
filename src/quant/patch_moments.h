// Second moments of what the weights of a convolution see: which errors of the weights its inputs make visible.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/triangle.h"

namespace mantissa::quant {

// Where a convolution (group 1) looks in its input. Sizes in pixels.
struct Window {
  int channels = 0;
  int kernel_height = 1, kernel_width = 1;
  int stride_y = 1, stride_x = 1;
  int dilation_y = 1, dilation_x = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;

  // How many positions there are for an input of that size: rows and columns; below 1 where it does not fit.
  [[nodiscard]] std::pair<int, int> output_size(int height, int width) const;
  [[nodiscard]] int size() const {
    return channels * kernel_height * kernel_width;
  }  // elements of a patch, ordered as a row of the weights
};

// The window of a node. Errors (unsupported): not a convolution of two dimensions with constant weights and one group,
// automatic padding, or more than 4096 elements a patch (the moments of a larger one would not fit the memory of a
// small machine).
[[nodiscard]] Result<Window> window_of(const ir::Graph& graph, ir::NodeId node);

// A place in the output of a convolution.
struct Position {
  std::size_t batch;
  int y;
  int x;
};

// `count` of them, with repetitions, in an output of that size.
[[nodiscard]] std::vector<Position> choose_positions(std::size_t count, std::int64_t batches, int rows, int columns,
                                                     std::mt19937_64& random);
// What the window sees at each position of an input [batch, channels, height, width]: patches `stride` elements apart.
// Padding counts as zeros.
void gather_patches(const Window& window, std::span<const std::int64_t> shape, std::span<const float> elements,
                    std::span<const Position> positions, float* patches, std::size_t stride);

// Sum of patch * patch^T over randomly chosen output positions; padding counts as zeros. Copies share their sums until
// one of them adds to its own.
class PatchMoments {
 public:
  explicit PatchMoments(const Window& window);
  // Of `samples` patches whose sums are there already.
  PatchMoments(const Window& window, Triangle sums, double samples);

  // Takes about `share` of the positions of one input [batch, channels, height, width], at least 16 of them, chosen by
  // the generator.
  void add(std::span<const std::int64_t> shape, std::span<const float> elements, double share, std::mt19937_64& random);

  // As if every element of input channel c had been multiplied by factors[c]. Nothing can be added afterwards.
  void scale_channels(std::span<const double> factors);

  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] double samples() const { return samples_; }
  // Mean of the product of elements i and j.
  [[nodiscard]] double mean(int i, int j) const;
  // All of these means, of the elements order[0], order[1], ...
  [[nodiscard]] Triangle means(std::span<const int> order) const;

 private:
  [[nodiscard]] double factor(int element) const;

  Window window_;
  double samples_ = 0;
  std::shared_ptr<Triangle> sums_;
  std::vector<double> factors_;  // of channels; empty: 1
};

}  // namespace mantissa::quant
