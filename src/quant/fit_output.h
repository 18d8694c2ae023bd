// The last layer, set so that what comes out of the whole is what fp32 gives.
#pragma once

#include <optional>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "quant/execute.h"

namespace mantissa::quant {

// The convolution, transposed or not, whose channels are the output's, moved and clipped but not mixed.
struct LastLayer {
  ir::NodeId convolution;
  int block = 1;             // of the DepthToSpace behind it; 1: there is none
  bool colours_last = true;  // DepthToSpace's mode DCR: the colour is the fastest index of a channel's number
  bool alone = true;         // false: something is added to what it gives, and only its biases can be set
};

// nullopt where the output is made otherwise.
[[nodiscard]] std::optional<LastLayer> last_layer(const ir::Graph& graph);

// What each channel of the last layer is multiplied by, and what is added then, in the network's own numbers.
struct OutputFit {
  std::vector<double> scale;
  std::vector<double> shift;
};

// Least squares of fp32's outputs over a variant's, for each channel of the last layer.
class OutputFitter {
 public:
  // `span`: from black to white, in the network's numbers.
  OutputFitter(const LastLayer& layer, std::size_t colours, double span);

  // Takes in the outputs [1, colours, height, width] for one input, without a frame of `rim` pixels.
  void add(const Batch& fp32, const Batch& variant, int rim = 0);
  // Takes in what another has, which counts as much as `weight` times what is here.
  void add(const OutputFitter& other, double weight);
  [[nodiscard]] OutputFit fit() const;

 private:
  struct Sums {
    double count = 0, x = 0, y = 0, xx = 0, xy = 0;
  };
  const LastLayer layer_;
  const double span_;
  std::vector<Sums> sums_;  // by channel of the last layer
};

// What the fit makes of an output.
void apply(const OutputFit& fit, const LastLayer& layer, Batch& output);
// Sets the last layer of a graph that is quantized, or is to stay float.
[[nodiscard]] Result<void> apply(const OutputFit& fit, const LastLayer& layer, ir::Graph& graph);
// Sets no constants of the layer, but computes behind it, in float32: for a graph in 16-bit floats, which would round
// them again (in bfloat16 a bias near 1 by up to half a level).
//   conv -> y        conv -> Mul -> Add -> y
void apply_behind(const OutputFit& fit, const LastLayer& layer, ir::Graph& graph);

}  // namespace mantissa::quant
