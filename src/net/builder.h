// Builds the graph of an architecture layer by layer: what torch.nn modules do, written in ONNX operators.
//
// Constants are named by their keys, nodes and values by their layers ("body.0"). The first thing that goes wrong is
// kept and returned by finish(), so that an architecture reads like its authors' forward(). Every tensor is checked
// against the channels that reach it, and finish() refuses a state dict with tensors that were never asked for: a
// mixed-up checkpoint ends in a sentence that names the tensor.
//
// A picture is [batch, channels, height, width] throughout.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/state_dict.h"
#include "net/network.h"

namespace mantissa::net {

using Hyperparameters = std::vector<std::pair<std::string, std::string>>;

// How a convolution or a pool walks over the picture.
struct Window {
  int stride = 1;
  std::optional<int> padding = std::nullopt;  // zeros on each side; nullopt: as many as keep the size at stride 1
};

enum class Padding { zero, edge, reflect };
enum class Interpolation { nearest, bilinear };  // of torch.nn.functional.interpolate, with align_corners=False

class Builder {
 public:
  using Attributes = std::map<std::string, ir::Attribute, std::less<>>;

  // The graph gets an input "input" [batch, channels, height, width]. `state` must outlive the builder.
  Builder(const ir::StateDict& state, std::string architecture, std::int64_t channels);

  [[nodiscard]] ir::ValueId input() const { return graph_.inputs.front(); }
  // A second input "sigma" [batch, 1, 1, 1]: the level of noise, in the numbers of the picture.
  ir::ValueId add_level();

  // --- layers with weights ---
  // torch.nn.Conv2d: `<layer>.weight` and, where it is there, `<layer>.bias`.
  ir::ValueId conv(ir::ValueId x, const std::string& layer, Window window = {});
  // The same with the torch.nn.BatchNorm2d after it (evaluation mode) folded in, computed in double;
  // makes `<layer>.bias`.
  ir::ValueId conv_batch_norm(ir::ValueId x, const std::string& layer, const std::string& norm, double epsilon,
                              Window window = {});
  // torch.nn.ConvTranspose2d that makes the picture `factor` times as large; with a kernel as large as the factor it
  // cuts nothing off.
  ir::ValueId conv_transpose(ir::ValueId x, const std::string& layer, int factor);
  // torch.nn.Linear over the channels of every pixel, written as the 1x1 convolution that it is.
  ir::ValueId linear(ir::ValueId x, const std::string& layer);
  // The same with a matrix [out, in] that has a key of its own and no bias.
  ir::ValueId multiply_matrix(ir::ValueId x, const std::string& key);
  // torch.nn.LayerNorm over the channels of every pixel.
  ir::ValueId layer_norm(ir::ValueId x, const std::string& layer, float epsilon);
  ir::ValueId prelu(ir::ValueId x, const std::string& layer);  // a slope per channel, `<layer>.weight`
  // x * parameter, x + parameter: the tensor of a key with one element a channel, whatever its shape.
  ir::ValueId multiply_channels(ir::ValueId x, const std::string& key);
  ir::ValueId add_channels(ir::ValueId x, const std::string& key);

  // --- layers without ---
  ir::ValueId relu(ir::ValueId x, const std::string& layer);
  ir::ValueId leaky_relu(ir::ValueId x, float slope, const std::string& layer);
  ir::ValueId gelu(ir::ValueId x, const std::string& layer);  // with the error function
  ir::ValueId sigmoid(ir::ValueId x, const std::string& layer);
  ir::ValueId silu(ir::ValueId x, const std::string& layer);
  ir::ValueId mish(ir::ValueId x, const std::string& layer);
  ir::ValueId tanh(ir::ValueId x, const std::string& layer);
  ir::ValueId clip(ir::ValueId x, float low, float high, const std::string& layer);
  ir::ValueId add(ir::ValueId a, ir::ValueId b, const std::string& layer);
  ir::ValueId subtract(ir::ValueId a, ir::ValueId b, const std::string& layer);
  ir::ValueId multiply(ir::ValueId a, ir::ValueId b, const std::string& layer);
  ir::ValueId divide(ir::ValueId a, ir::ValueId b, const std::string& layer);
  // With one number, or one for each channel.
  ir::ValueId add(ir::ValueId x, std::vector<float> numbers, const std::string& layer);
  ir::ValueId subtract(ir::ValueId x, std::vector<float> numbers, const std::string& layer);
  ir::ValueId multiply(ir::ValueId x, std::vector<float> numbers, const std::string& layer);
  ir::ValueId concat(std::vector<ir::ValueId> pictures, const std::string& layer);
  // torch.chunk(parts, dim=1): as many channels each.
  std::vector<ir::ValueId> chunks(ir::ValueId x, int parts, const std::string& layer);
  // torch.split(dim=1) in two: the first `count` channels, and the others, of which there must be some.
  std::pair<ir::ValueId, ir::ValueId> split(ir::ValueId x, std::int64_t count, const std::string& layer);
  // The mean over height and width, [batch, channels, 1, 1].
  ir::ValueId mean_pool(ir::ValueId x, const std::string& layer);
  ir::ValueId max_pool(ir::ValueId x, int kernel, Window window, const std::string& layer);
  // torch.nn.functional.adaptive_max_pool2d to sides `divisor` times smaller, rounded down: bins of unequal sizes where
  // the division has a rest. `divisor` is at least 4.
  ir::ValueId adaptive_max_pool(ir::ValueId x, int divisor, const std::string& layer);
  // torch.nn.PixelShuffle, torch.nn.PixelUnshuffle; torch.nn.functional.interpolate. A factor of 1 adds nothing.
  ir::ValueId pixel_shuffle(ir::ValueId x, int factor, const std::string& layer);
  ir::ValueId pixel_unshuffle(ir::ValueId x, int factor, const std::string& layer);
  ir::ValueId upsample(ir::ValueId x, int factor, Interpolation how, const std::string& layer);
  // x at the height and width of `like`.
  ir::ValueId resize_like(ir::ValueId x, ir::ValueId like, Interpolation how, const std::string& layer);
  // Rows below and columns on the right until the sides are multiples.
  ir::ValueId pad_to_multiple(ir::ValueId x, int multiple, Padding padding, const std::string& layer);
  // As many rows above and columns on the left as `before` says, below and on the right as `behind`, of one number.
  ir::ValueId pad(ir::ValueId x, int before, int behind, float number, const std::string& layer);
  // What reaches over `factor` times the sides of `like` taken off again, behind the first rows and columns.
  struct Crop {
    int first = 0;
    int factor = 1;
  };
  ir::ValueId crop_like(ir::ValueId x, ir::ValueId like, const std::string& layer) {
    return crop_like(x, like, layer, Crop{});
  }
  ir::ValueId crop_like(ir::ValueId x, ir::ValueId like, const std::string& layer, Crop crop);

  // --- attention ---
  // Windows of height x width pixels, from the top left: [windows, height * width, channels]; and back to a picture
  // with the sides of `like`, which are multiples of the window's.
  ir::ValueId to_windows(ir::ValueId x, int height, int width, const std::string& layer);
  ir::ValueId from_windows(ir::ValueId windows, std::int64_t channels, ir::ValueId like, int height, int width,
                           const std::string& layer);
  // Of a value that is no picture: `shape` is numbers or arithmetic on sizes, as ONNX's Reshape reads them.
  ir::ValueId reshape(ir::ValueId x, ir::ValueId shape, const std::string& layer, std::optional<ir::Shape> result = {});
  ir::ValueId reshape(ir::ValueId x, std::vector<std::int64_t> shape, const std::string& layer,
                      std::optional<ir::Shape> result = {});
  ir::ValueId transpose(ir::ValueId x, std::vector<std::int64_t> order, const std::string& layer,
                        std::optional<ir::Shape> result = {});
  ir::ValueId matmul(ir::ValueId a, ir::ValueId b, const std::string& layer);
  // softmax(scale * q @ k + biases) @ v along the last axes: q [..., n, d], k [..., d, m] (transposed already),
  // v [..., m, e], each of the biases [..., n, m] or what broadcasts to it.
  ir::ValueId attend(ir::ValueId q, ir::ValueId k, ir::ValueId v, float scale, const std::vector<ir::ValueId>& biases,
                     const std::string& layer);
  // torch.nn.Linear of a matrix [rows, in].
  ir::ValueId gemm(ir::ValueId x, const std::string& layer);
  // torch.roll by minus `first`: the row (axis 2) or column (axis 3) of that number comes first; negative: from the
  // end.
  ir::ValueId roll(ir::ValueId x, std::int64_t axis, std::int64_t first, const std::string& layer);

  // --- anything else ---
  // A node with one output of `shape` (nullopt: unknown) in float32.
  ir::ValueId node(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer, Attributes attributes,
                   std::optional<ir::Shape> shape);
  // The tensor of a key as a constant, in float32.
  // Errors: it is missing, unsound, or not of this shape but for axes of length 1, which are made those of `shape`.
  ir::ValueId parameter(const std::string& key, const std::vector<std::int64_t>& shape);
  // The same of int64 numbers that name rows of something: each is in 0 ... `rows` - 1.
  ir::ValueId indices(const std::string& key, const std::vector<std::int64_t>& shape, std::int64_t rows);
  ir::ValueId constant(const std::string& name, ir::Tensor tensor);
  // Whole numbers that the network computes itself: where the state dict has them too, they must be these.
  void expect(const std::string& key, const std::vector<std::int64_t>& numbers);
  [[nodiscard]] const ir::Shape& shape_of(ir::ValueId x) const { return *graph_.value(x).shape; }
  // Arithmetic on sizes, in int64 of rank 1: whole numbers, elements `from` to `to` of a value's shape, one operator.
  ir::ValueId numbers(std::vector<std::int64_t> values, const std::string& layer);
  ir::ValueId sizes(ir::ValueId x, int from, int to, const std::string& layer);
  ir::ValueId arithmetic(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                         Attributes attributes = {});
  // A tensor that the network does not need: what training kept, or what can be computed.
  void ignore(const std::string& key) { used_.insert(key); }
  void fail(Error error);
  [[nodiscard]] bool failed() const { return error_.has_value(); }

  // The network with `x` as "output", and the task completed with what the graph says: radius, stride, size multiple.
  // Errors (bad_input): the first thing that went wrong; tensors that no layer has asked for.
  Result<Network> finish(ir::ValueId x, Task task, Hyperparameters hyperparameters);

 private:
  const ir::Tensor* tensor(const std::string& key);
  std::vector<float> floats(const std::string& key);
  std::int64_t channels_of(ir::ValueId x) const { return shape_of(x)[1].size; }
  ir::ValueId like(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                   Attributes attributes = {});
  ir::ValueId convolve(ir::ValueId x, const std::string& layer, std::vector<ir::ValueId> parameters, Window window);
  // Channels `from` to `to`, by a node named `layer` + `part`.
  ir::ValueId channels_from(ir::ValueId x, std::int64_t from, std::int64_t to, const std::string& layer,
                            const std::string& part);
  ir::ValueId pool_axis(ir::ValueId x, std::int64_t axis, int divisor, const std::string& layer);
  ir::ValueId matrix_conv(ir::ValueId x, const std::string& layer, const std::string& key, bool may_have_bias);
  ir::ValueId bias_of(const std::string& layer, std::int64_t channels);
  ir::ValueId channel_numbers(std::vector<float> numbers, const std::string& name);
  // "act", and "act_2" for the next node of that name: engines want them apart.
  std::string unique_name(const std::string& layer);
  Result<void> check_leftovers() const;

  const ir::StateDict& state_;
  ir::Graph graph_;
  std::set<std::string, std::less<>> used_;  // keys
  std::map<std::string, int> named_;         // how many nodes of each name
  std::optional<ir::ValueId> level_;
  std::optional<Error> error_;
};

// "height" -> "height*4"
[[nodiscard]] ir::Dimension times(const ir::Dimension& dimension, int factor);
// A size after a window has walked over the picture; unknown unless it keeps it.
[[nodiscard]] ir::Dimension walked(const ir::Dimension& before, bool keeps);

// "rgb", "luminance" or nullopt for other numbers of channels.
[[nodiscard]] std::optional<Colour> colour_of_channels(std::int64_t channels);

// Of a network whose channels have such colours, in 0..1: super-resolution, or restoration where the scale is 1.
[[nodiscard]] Task enlarging_task(std::int64_t channels, int scale);

}  // namespace mantissa::net
