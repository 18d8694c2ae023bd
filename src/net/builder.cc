#include "net/builder.h"

#include <cmath>
#include <string_view>

#include "base/number_format.h"
#include "net/check_weights.h"
#include "net/geometry.h"

namespace mantissa::net {
namespace {

constexpr auto kFloat = base::NumberFormat::float32;

// "height" -> "height*4"
ir::Dimension times(const ir::Dimension& dimension, int factor) {
  return {-1, dimension.symbol.empty() ? "" : dimension.symbol + "*" + std::to_string(factor)};
}

}  // namespace

Builder::Builder(const ir::StateDict& state, std::string architecture, std::int64_t channels) : state_(state) {
  graph_.name = std::move(architecture);
  graph_.add_input("input", kFloat, {{-1, "batch"}, {channels, ""}, {-1, "height"}, {-1, "width"}});
}

void Builder::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

const ir::Tensor* Builder::tensor(const std::string& key) {
  const ir::Tensor* found = state_.find(key);
  if (!found) fail(bad_input("the checkpoint lacks the tensor " + key));
  return found;
}

std::vector<float> Builder::floats(const std::string& key) {
  const ir::Tensor* found = tensor(key);
  if (!found) return {};
  if (auto checked = check_numbers(*found, true).in("tensor " + key); !checked.ok()) {
    fail(std::move(checked).error());
    return {};
  }
  Result<std::vector<float>> values = found->floats().in("tensor " + key);
  if (values) return *std::move(values);
  fail(std::move(values).error());
  return {};
}

ir::ValueId Builder::parameter(const std::string& key) {
  if (const auto known = graph_.find_value(key)) return *known;
  const ir::Tensor* found = tensor(key);
  if (!found) return input();
  if (found->format == kFloat) return graph_.add_constant(key, *found);  // shares the bytes of the file
  std::vector<float> values = floats(key);
  if (error_) return input();
  return graph_.add_constant(key, ir::Tensor::of_floats(found->shape, std::move(values)));
}

ir::ValueId Builder::node(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                          std::map<std::string, ir::Attribute, std::less<>> attributes) {
  const ir::ValueId shaped_like = inputs.front();
  const ir::ValueId output = graph_.add(std::move(op), std::move(inputs), std::move(attributes), layer);
  graph_.value(output).format = kFloat;
  graph_.value(output).shape = graph_.value(shaped_like).shape;
  return output;
}

ir::ValueId Builder::convolve(ir::ValueId x, const std::string& layer, std::vector<ir::ValueId> parameters) {
  if (error_) return x;
  const std::vector<std::int64_t> shape = graph_.value(parameters.front()).constant->shape;
  const std::int64_t channels = (*graph_.value(x).shape)[1].size;
  if (shape.size() != 4 || shape[1] <= 0 || channels % shape[1] != 0) {
    fail(bad_input("the shape of " + layer + ".weight does not fit the " + std::to_string(channels) +
                   " channels before it"));
    return x;
  }
  const std::int64_t vertical = shape[2] / 2;
  const std::int64_t horizontal = shape[3] / 2;
  using Integers = std::vector<std::int64_t>;
  parameters.insert(parameters.begin(), x);
  const ir::ValueId output = node("Conv", std::move(parameters), layer,
                                  {{"dilations", Integers{1, 1}},
                                   {"group", channels / shape[1]},
                                   {"kernel_shape", Integers{shape[2], shape[3]}},
                                   {"pads", Integers{vertical, horizontal, vertical, horizontal}},
                                   {"strides", Integers{1, 1}}});
  (*graph_.value(output).shape)[1].size = shape[0];
  return output;
}

ir::ValueId Builder::conv(ir::ValueId x, const std::string& layer) {
  std::vector<ir::ValueId> parameters{parameter(layer + ".weight")};
  if (state_.find(layer + ".bias")) parameters.push_back(parameter(layer + ".bias"));
  return convolve(x, layer, std::move(parameters));
}

ir::ValueId Builder::conv_batch_norm(ir::ValueId x, const std::string& layer, const std::string& norm, double epsilon) {
  std::vector<float> weight = floats(layer + ".weight");
  const std::vector<float> gamma = floats(norm + ".weight");
  const std::vector<float> beta = floats(norm + ".bias");
  const std::vector<float> mean = floats(norm + ".running_mean");
  const std::vector<float> variance = floats(norm + ".running_var");
  std::vector<float> bias(gamma.size());
  if (state_.find(layer + ".bias")) bias = floats(layer + ".bias");
  if (error_) return x;

  const std::size_t channels = gamma.size();
  if (channels == 0 || weight.size() % channels != 0 || beta.size() != channels || mean.size() != channels ||
      variance.size() != channels || bias.size() != channels) {
    fail(bad_input("the shapes of " + layer + " and the batch normalization " + norm + " do not fit"));
    return x;
  }
  const std::size_t each = weight.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    const double scale = gamma[c] / std::sqrt(double{variance[c]} + epsilon);
    if (!std::isfinite(scale))
      fail(bad_input("channel " + std::to_string(c) + " of " + norm + " has a variance that is no number above zero"));
    for (std::size_t i = 0; i < each; ++i) {
      float& w = weight[c * each + i];
      w = static_cast<float>(w * scale);
    }
    bias[c] = static_cast<float>(beta[c] + (double{bias[c]} - mean[c]) * scale);
  }
  if (error_) return x;
  const auto signed_channels = static_cast<std::int64_t>(channels);
  const std::vector<std::int64_t> shape = state_.find(layer + ".weight")->shape;
  const ir::ValueId folded_weight =
      graph_.add_constant(layer + ".weight", ir::Tensor::of_floats(shape, std::move(weight)));
  const ir::ValueId folded_bias =
      graph_.add_constant(layer + ".bias", ir::Tensor::of_floats({signed_channels}, std::move(bias)));
  return convolve(x, layer, {folded_weight, folded_bias});
}

ir::ValueId Builder::prelu(ir::ValueId x, const std::string& layer) {
  const std::string key = layer + ".weight";
  const ir::ValueId slope = parameter(key);
  if (error_) return x;
  // Broadcast over height and width: [C, 1, 1].
  ir::Tensor& stored = *graph_.value(slope).constant;
  stored.shape = {stored.count(), 1, 1};
  graph_.value(slope).shape = ir::Shape{{stored.shape[0], ""}, {1, ""}, {1, ""}};
  return node("PRelu", {x, slope}, layer);
}

ir::ValueId Builder::relu(ir::ValueId x, const std::string& layer) { return node("Relu", {x}, layer); }

ir::ValueId Builder::leaky_relu(ir::ValueId x, float slope, const std::string& layer) {
  return node("LeakyRelu", {x}, layer, {{"alpha", slope}});
}

ir::ValueId Builder::tanh(ir::ValueId x, const std::string& layer) { return node("Tanh", {x}, layer); }

ir::ValueId Builder::clip(ir::ValueId x, float low, float high, const std::string& layer) {
  const ir::ValueId lowest = graph_.add_constant(layer + "/low", ir::Tensor::of_floats({}, {low}));
  const ir::ValueId highest = graph_.add_constant(layer + "/high", ir::Tensor::of_floats({}, {high}));
  return node("Clip", {x, lowest, highest}, layer);
}

ir::ValueId Builder::add(ir::ValueId a, ir::ValueId b, const std::string& layer) { return node("Add", {a, b}, layer); }

ir::ValueId Builder::subtract(ir::ValueId a, ir::ValueId b, const std::string& layer) {
  return node("Sub", {a, b}, layer);
}

ir::ValueId Builder::pixel_shuffle(ir::ValueId x, int factor, const std::string& layer) {
  if (factor == 1 || error_) return x;
  const ir::ValueId output =
      node("DepthToSpace", {x}, layer, {{"blocksize", std::int64_t{factor}}, {"mode", std::string("CRD")}});
  ir::Shape& shape = *graph_.value(output).shape;
  const std::int64_t block = std::int64_t{factor} * factor;
  shape = {shape[0], {shape[1].size / block, ""}, times(shape[2], factor), times(shape[3], factor)};
  return output;
}

ir::ValueId Builder::upsample_nearest(ir::ValueId x, int factor, const std::string& layer) {
  if (factor == 1 || error_) return x;
  const auto by = static_cast<float>(factor);
  const ir::ValueId scales = graph_.add_constant(layer + "/scales", ir::Tensor::of_floats({4}, {1, 1, by, by}));
  const ir::ValueId output = node("Resize", {x, ir::kNoValue, scales}, layer,
                                  {{"coordinate_transformation_mode", std::string("asymmetric")},
                                   {"mode", std::string("nearest")},
                                   {"nearest_mode", std::string("floor")}});
  ir::Shape& shape = *graph_.value(output).shape;
  shape = {shape[0], shape[1], times(shape[2], factor), times(shape[3], factor)};
  return output;
}

Result<Network> Builder::finish(ir::ValueId x, Task task, Hyperparameters hyperparameters) {
  if (error_) return *std::move(error_);
  graph_.rename(x, "output");
  graph_.outputs = {x};
  MANTISSA_ASSIGN(const Geometry geometry, find_geometry(graph_));
  if (geometry.scale != task.scale) {
    return internal_error(graph_.name + " was built with a scale of " + std::to_string(geometry.scale) +
                          " instead of " + std::to_string(task.scale));
  }
  task.radius = geometry.radius;
  task.stride = geometry.stride;
  task.size_multiple = geometry.size_multiple;
  std::string architecture = graph_.name;
  return Network{std::move(graph_), std::move(task), std::move(architecture), std::move(hyperparameters), state_};
}

std::optional<Colour> colour_of_channels(std::int64_t channels) {
  if (channels == 1) return Colour::luminance;
  if (channels == 3) return Colour::rgb;
  return std::nullopt;
}

}  // namespace mantissa::net
