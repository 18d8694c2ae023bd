// Builds the graph of an architecture layer by layer: what torch.nn modules do, written in ONNX operators.
//
// Constants are named by their keys, nodes and values by their layers ("body.0"). The first thing that goes wrong is
// kept and returned by finish(), so that an architecture reads like its authors' forward().
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/state_dict.h"
#include "net/network.h"

namespace mantissa::net {

using Hyperparameters = std::vector<std::pair<std::string, std::string>>;

class Builder {
 public:
  // The graph gets an input "input" [batch, channels, height, width]. `state` must outlive the builder.
  Builder(const ir::StateDict& state, std::string architecture, std::int64_t channels);

  [[nodiscard]] ir::ValueId input() const { return graph_.inputs.front(); }

  // torch.nn.Conv2d with stride 1 and padding that keeps the size: `<layer>.weight`
  // and, where it is there, `<layer>.bias`.
  ir::ValueId conv(ir::ValueId x, const std::string& layer);
  // The same with the torch.nn.BatchNorm2d after it (evaluation mode) folded in, computed in double;
  // makes `<layer>.bias`.
  ir::ValueId conv_batch_norm(ir::ValueId x, const std::string& layer, const std::string& norm, double epsilon);
  ir::ValueId prelu(ir::ValueId x, const std::string& layer);  // a slope per channel, `<layer>.weight`
  ir::ValueId relu(ir::ValueId x, const std::string& layer);
  ir::ValueId leaky_relu(ir::ValueId x, float slope, const std::string& layer);
  ir::ValueId tanh(ir::ValueId x, const std::string& layer);
  ir::ValueId clip(ir::ValueId x, float low, float high, const std::string& layer);
  ir::ValueId add(ir::ValueId a, ir::ValueId b, const std::string& layer);
  ir::ValueId subtract(ir::ValueId a, ir::ValueId b, const std::string& layer);
  // torch.nn.PixelShuffle; torch.nn.functional.interpolate(mode="nearest"). A factor of 1 adds nothing.
  ir::ValueId pixel_shuffle(ir::ValueId x, int factor, const std::string& layer);
  ir::ValueId upsample_nearest(ir::ValueId x, int factor, const std::string& layer);

  // The network with `x` as "output", and the task completed with what the graph says: radius, stride, size multiple.
  Result<Network> finish(ir::ValueId x, Task task, Hyperparameters hyperparameters);

 private:
  const ir::Tensor* tensor(const std::string& key);
  std::vector<float> floats(const std::string& key);
  ir::ValueId parameter(const std::string& key);
  ir::ValueId node(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                   std::map<std::string, ir::Attribute, std::less<>> attributes = {});
  ir::ValueId convolve(ir::ValueId x, const std::string& layer, std::vector<ir::ValueId> parameters);
  void fail(Error error);

  const ir::StateDict& state_;
  ir::Graph graph_;
  std::optional<Error> error_;
};

// "rgb", "luminance" or nullopt for other numbers of channels.
[[nodiscard]] std::optional<Colour> colour_of_channels(std::int64_t channels);

}  // namespace mantissa::net
