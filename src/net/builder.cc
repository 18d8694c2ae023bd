#include "net/builder.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/number_format.h"
#include "net/check_weights.h"
#include "net/geometry.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr auto kFloat = base::NumberFormat::float32;
constexpr std::size_t kLeftoversNamed = 3;

using Integers = std::vector<std::int64_t>;

std::string text_of(const Integers& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

// Whether they differ in axes of length 1 only.
bool same_but_for_ones(Integers a, Integers b) {
  std::erase(a, 1);
  std::erase(b, 1);
  return a == b;
}

}  // namespace

ir::Dimension times(const ir::Dimension& dimension, int factor) {
  return {-1, dimension.symbol.empty() ? "" : dimension.symbol + "*" + std::to_string(factor)};
}

ir::Dimension walked(const ir::Dimension& before, bool keeps) { return keeps ? before : ir::Dimension{}; }

Builder::Builder(const ir::StateDict& state, std::string architecture, std::int64_t channels) : state_(state) {
  graph_.name = std::move(architecture);
  graph_.add_input("input", kFloat, {{-1, "batch"}, {channels, ""}, {-1, "height"}, {-1, "width"}});
}

ir::ValueId Builder::add_level() {
  level_ = graph_.add_input("sigma", kFloat, {{-1, "batch"}, {1, ""}, {1, ""}, {1, ""}});
  return *level_;
}

void Builder::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

const ir::Tensor* Builder::tensor(const std::string& key) {
  used_.insert(key);
  const ir::Tensor* found = state_.find(key);
  if (!found) {
    fail(bad_input("the tensor " + key + " is missing"));
  } else if (!is_sound(found)) {
    fail(bad_input("the tensor " + key + " holds no weights: its shape is " + text_of(found->shape)));
    return nullptr;
  }
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

ir::ValueId Builder::parameter(const std::string& key, const Integers& shape) {
  if (const auto known = graph_.find_value(key)) return *known;
  const ir::Tensor* found = tensor(key);
  if (!found) return input();
  if (!same_but_for_ones(found->shape, shape)) {
    fail(bad_input("the tensor " + key + " has the shape " + text_of(found->shape) + " where " + text_of(shape) +
                   " belongs"));
    return input();
  }
  ir::Tensor kept = *found;  // shares the bytes of the file
  if (found->format != kFloat) kept = ir::Tensor::of_floats(shape, floats(key));
  if (error_) return input();
  kept.shape = shape;
  return graph_.add_constant(key, std::move(kept));
}

ir::ValueId Builder::indices(const std::string& key, const Integers& shape, std::int64_t rows) {
  if (const auto known = graph_.find_value(key)) return *known;
  used_.insert(key);
  const ir::Tensor* found = state_.find(key);
  if (!found || found->format != base::NumberFormat::int64 || found->shape != shape || !found->fits()) {
    fail(bad_input("the tensor " + key + " is missing, or no int64 of the shape " + text_of(shape)));
    return input();
  }
  const auto numbers = found->integers();
  if (!numbers || std::any_of(numbers->begin(), numbers->end(), [&](std::int64_t n) { return n < 0 || n >= rows; })) {
    fail(bad_input("the tensor " + key + " names a row that is not in 0 ... " + std::to_string(rows - 1)));
    return input();
  }
  return graph_.add_constant(key, *found);
}

void Builder::expect(const std::string& key, const Integers& numbers) {
  ignore(key);
  const ir::Tensor* found = state_.find(key);
  if (!found) return;
  const auto held = found->fits() && found->count() == static_cast<std::int64_t>(numbers.size())
                        ? found->integers()
                        : Result<Integers>(bad_input(""));
  if (!held || *held != numbers) fail(bad_input("the tensor " + key + " does not hold the numbers that belong there"));
}

ir::ValueId Builder::constant(const std::string& name, ir::Tensor tensor) {
  return graph_.add_constant(name, std::move(tensor));
}

ir::ValueId Builder::node(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                          Attributes attributes, std::optional<ir::Shape> shape) {
  const ir::ValueId output = graph_.add(std::move(op), std::move(inputs), std::move(attributes), unique_name(layer));
  graph_.value(output).format = kFloat;
  graph_.value(output).shape = std::move(shape);
  return output;
}

std::string Builder::unique_name(const std::string& layer) {
  const int count = ++named_[layer];
  return count == 1 ? layer : layer + "_" + std::to_string(count);
}

ir::ValueId Builder::like(std::string op, std::vector<ir::ValueId> inputs, const std::string& layer,
                          Attributes attributes) {
  std::optional<ir::Shape> shape = graph_.value(inputs.front()).shape;
  return node(std::move(op), std::move(inputs), layer, std::move(attributes), std::move(shape));
}

// --- layers with weights ---

ir::ValueId Builder::convolve(ir::ValueId x, const std::string& layer, std::vector<ir::ValueId> parameters,
                              Window window) {
  if (error_) return x;
  const Integers weight = graph_.value(parameters.front()).constant->shape;
  const std::int64_t channels = channels_of(x);
  if (weight.size() != 4 || channels % weight[1] != 0 || weight[0] % (channels / weight[1]) != 0) {
    fail(bad_input("the shape " + text_of(weight) + " of " + layer + ".weight does not fit the " +
                   std::to_string(channels) + " channels before it"));
    return x;
  }
  const std::int64_t vertical = window.padding.value_or(static_cast<int>(weight[2] / 2));
  const std::int64_t horizontal = window.padding.value_or(static_cast<int>(weight[3] / 2));
  const bool keeps = window.stride == 1 && 2 * vertical + 1 == weight[2] && 2 * horizontal + 1 == weight[3];
  const ir::Shape& before = shape_of(x);
  ir::Shape after{before[0], {weight[0], ""}, walked(before[2], keeps), walked(before[3], keeps)};
  parameters.insert(parameters.begin(), x);
  return node("Conv", std::move(parameters), layer,
              {{"dilations", Integers{1, 1}},
               {"group", channels / weight[1]},
               {"kernel_shape", Integers{weight[2], weight[3]}},
               {"pads", Integers{vertical, horizontal, vertical, horizontal}},
               {"strides", Integers{window.stride, window.stride}}},
              std::move(after));
}

ir::ValueId Builder::bias_of(const std::string& layer, std::int64_t channels) {
  return parameter(layer + ".bias", {channels});
}

ir::ValueId Builder::conv(ir::ValueId x, const std::string& layer, Window window) {
  const ir::Tensor* weight = tensor(layer + ".weight");
  if (error_) return x;
  std::vector<ir::ValueId> parameters{parameter(layer + ".weight", weight->shape)};
  if (state_.find(layer + ".bias")) parameters.push_back(bias_of(layer, weight->shape.empty() ? 0 : weight->shape[0]));
  return convolve(x, layer, std::move(parameters), window);
}

ir::ValueId Builder::linear(ir::ValueId x, const std::string& layer) {
  return matrix_conv(x, layer, layer + ".weight", true);
}

ir::ValueId Builder::multiply_matrix(ir::ValueId x, const std::string& key) { return matrix_conv(x, key, key, false); }

ir::ValueId Builder::matrix_conv(ir::ValueId x, const std::string& layer, const std::string& key, bool may_have_bias) {
  const ir::Tensor* weight = tensor(key);
  if (error_) return x;
  if (weight->shape.size() != 2 || weight->shape[1] != channels_of(x)) {
    fail(bad_input("the shape " + text_of(weight->shape) + " of " + key + " does not fit the " +
                   std::to_string(channels_of(x)) + " channels before it"));
    return x;
  }
  const std::int64_t out = weight->shape[0];
  std::vector<ir::ValueId> parameters{parameter(key, {out, weight->shape[1], 1, 1})};
  if (may_have_bias && state_.find(layer + ".bias")) parameters.push_back(bias_of(layer, out));
  return convolve(x, layer, std::move(parameters), {});
}

ir::ValueId Builder::conv_batch_norm(ir::ValueId x, const std::string& layer, const std::string& norm, double epsilon,
                                     Window window) {
  ignore(norm + ".num_batches_tracked");
  std::vector<float> weight = floats(layer + ".weight");
  const std::vector<float> gamma = floats(norm + ".weight");
  const std::vector<float> beta = floats(norm + ".bias");
  const std::vector<float> mean = floats(norm + ".running_mean");
  const std::vector<float> variance = floats(norm + ".running_var");
  std::vector<float> bias(gamma.size());
  if (state_.find(layer + ".bias")) bias = floats(layer + ".bias");
  if (error_) return x;

  const std::size_t channels = gamma.size();
  const Integers shape = state_.find(layer + ".weight")->shape;
  if (shape.empty() || shape[0] != static_cast<std::int64_t>(channels) || beta.size() != channels ||
      mean.size() != channels || variance.size() != channels || bias.size() != channels) {
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
  const ir::ValueId folded_weight = constant(layer + ".weight", ir::Tensor::of_floats(shape, std::move(weight)));
  const ir::ValueId folded_bias = constant(layer + ".bias", ir::Tensor::of_floats({shape[0]}, std::move(bias)));
  return convolve(x, layer, {folded_weight, folded_bias}, window);
}

ir::ValueId Builder::conv_transpose(ir::ValueId x, const std::string& layer, int factor) {
  const ir::Tensor* weight = tensor(layer + ".weight");
  if (error_) return x;
  const Integers shape = weight->shape;
  if (shape.size() != 4 || shape[0] != channels_of(x) || shape[2] < factor || shape[2] != shape[3]) {
    fail(bad_input("the shape " + text_of(shape) + " of " + layer + ".weight does not fit the " +
                   std::to_string(channels_of(x)) + " channels before it and a factor of " + std::to_string(factor)));
    return x;
  }
  std::vector<ir::ValueId> inputs{x, parameter(layer + ".weight", shape)};
  if (state_.find(layer + ".bias")) inputs.push_back(bias_of(layer, shape[1]));
  if (error_) return x;
  // As much is cut off at each side as makes the picture `factor` times as large; what cannot be halved is added below
  // and on the right.
  const std::int64_t padding = shape[2] == factor ? 0 : shape[2] / 2;
  const std::int64_t output_padding = factor - (shape[2] - 2 * padding);
  const ir::Shape& before = shape_of(x);
  return node("ConvTranspose", std::move(inputs), layer,
              {{"dilations", Integers{1, 1}},
               {"group", std::int64_t{1}},
               {"kernel_shape", Integers{shape[2], shape[3]}},
               {"output_padding", Integers{output_padding, output_padding}},
               {"pads", Integers{padding, padding, padding, padding}},
               {"strides", Integers{factor, factor}}},
              ir::Shape{before[0], {shape[1], ""}, times(before[2], factor), times(before[3], factor)});
}

ir::ValueId Builder::prelu(ir::ValueId x, const std::string& layer) {
  if (error_) return x;
  const ir::ValueId slope = parameter(layer + ".weight", {channels_of(x), 1, 1});  // broadcast over height and width
  return error_ ? x : like("PRelu", {x, slope}, layer);
}

ir::ValueId Builder::multiply_channels(ir::ValueId x, const std::string& key) {
  if (error_) return x;
  const ir::ValueId factors = parameter(key, {1, channels_of(x), 1, 1});
  return error_ ? x : like("Mul", {x, factors}, key + "/multiply");
}

ir::ValueId Builder::add_channels(ir::ValueId x, const std::string& key) {
  if (error_) return x;
  const ir::ValueId summands = parameter(key, {1, channels_of(x), 1, 1});
  return error_ ? x : like("Add", {x, summands}, key + "/add");
}

Result<void> Builder::check_leftovers() const {
  std::string keys;
  std::size_t count = 0;
  for (const auto& entry : state_.tensors) {
    if (used_.contains(entry.first)) continue;
    if (++count <= kLeftoversNamed) keys += (keys.empty() ? "" : ", ") + entry.first;
  }
  if (count == 0) return {};
  return bad_input("tensors are left over that have no place in it: " + keys +
                       (count > kLeftoversNamed ? " and " + std::to_string(count - kLeftoversNamed) + " more" : ""),
                   "Export the network to ONNX with torch.onnx.export and give that file instead");
}

Result<Network> Builder::finish(ir::ValueId x, Task task, Hyperparameters hyperparameters) {
  const std::string architecture = graph_.name;
  if (error_) return Result<Network>(*std::move(error_)).in("architecture " + architecture);
  MANTISSA_TRY(check_leftovers().in("architecture " + architecture));
  graph_.rename(x, "output");
  graph_.outputs = {x};
  MANTISSA_ASSIGN(const Geometry geometry, find_geometry(graph_));
  if (geometry.scale != task.scale) {
    return internal_error(architecture + " was built with a scale of " + std::to_string(geometry.scale) +
                          " instead of " + std::to_string(task.scale));
  }
  task.radius = geometry.radius;
  task.stride = geometry.stride;
  task.size_multiple = geometry.size_multiple;
  task.bytes_per_pixel = geometry.bytes_per_pixel;
  if (level_) {
    task.condition.emplace().input = graph_.value(*level_).name;
    task.condition->divisor = 255 / (task.range_high - task.range_low);
  }
  return Network{std::move(graph_), std::move(task), architecture, std::move(hyperparameters), state_};
}

std::optional<Colour> colour_of_channels(std::int64_t channels) {
  if (channels == 1) return Colour::luminance;
  if (channels == 3) return Colour::rgb;
  return std::nullopt;
}

Task enlarging_task(std::int64_t channels, int scale) {
  Task task;
  task.kind = scale > 1 ? "super-resolution" : "restoration";
  task.colour = *colour_of_channels(channels);
  task.scale = scale;
  return task;
}

}  // namespace mantissa::net
