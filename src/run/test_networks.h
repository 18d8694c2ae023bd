// Small networks for tests, built here so that no file is needed.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format/onnx.h"
#include "image/picture.h"
#include "ir/graph.h"
#include "net/network.h"
#include "run/provider.h"

namespace mantissa::run {

inline ir::Shape picture_shape(std::int64_t channels) {
  return {{1, ""}, {channels, ""}, {-1, "height"}, {-1, "width"}};
}

inline ir::Tensor random_weights(std::vector<std::int64_t> shape, float spread, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = spread * (static_cast<float>(random() % 2001) / 1000.0F - 1.0F);
  return ir::Tensor::of_floats(std::move(shape), std::move(values));
}

inline ir::ValueId add_conv(ir::Graph& graph, ir::ValueId x, int from, int to, const std::string& name) {
  const auto seed = static_cast<std::uint32_t>(std::hash<std::string>{}(name));
  const auto weight = graph.add_constant(name + ".weight", random_weights({to, from, 3, 3}, 0.25F, seed));
  const auto bias = graph.add_constant(name + ".bias", random_weights({to}, 0.1F, seed + 1));
  return graph.add("Conv", {x, weight, bias}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}, name);
}

// One channel, x1: convolutions of 1x1, each a weight and a bias, one behind the other.
inline net::Network pixel_by_pixel_network(const std::vector<std::pair<float, float>>& layers) {
  net::Network network;
  network.task.colour = net::Colour::luminance;
  network.task.radius = 0;
  ir::Graph& graph = network.graph;
  ir::ValueId x = graph.add_input("x", base::NumberFormat::float32, picture_shape(1));
  for (const auto& [weight, bias] : layers) {
    const ir::ValueId weights = graph.add_constant("weight", ir::Tensor::of_floats({1, 1, 1, 1}, {weight}));
    const ir::ValueId biases = graph.add_constant("bias", ir::Tensor::of_floats({1}, {bias}));
    x = graph.add("Conv", {x, weights, biases});
  }
  graph.value(x).format = base::NumberFormat::float32;
  graph.value(x).shape = picture_shape(1);
  graph.outputs = {x};
  network.graph = format::with_inferred_shapes(graph).value();
  return network;
}

// Like SRVGGNetCompact: convolutions and PRelu, then depth to space. With `stride` 2 it works on 2x2 blocks of the
// picture.
inline net::Network small_network(int channels, int scale, int stride = 1) {
  net::Network network;
  ir::Graph& graph = network.graph;
  ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, picture_shape(channels));
  if (stride > 1) x = graph.add("SpaceToDepth", {x}, {{"blocksize", std::int64_t{stride}}});
  x = add_conv(graph, x, channels * stride * stride, 8, "first");
  for (const char* name : {"second", "third"}) {
    const auto slope = graph.add_constant(std::string(name) + ".slope", random_weights({8, 1, 1}, 0.3F, 7));
    x = add_conv(graph, graph.add("PRelu", {x, slope}), 8, 8, name);
  }
  const int blocks = scale * stride;
  x = add_conv(graph, x, 8, channels * blocks * blocks, "last");
  if (blocks > 1) x = graph.add("DepthToSpace", {x}, {{"blocksize", std::int64_t{blocks}}});
  graph.value(x).format = base::NumberFormat::float32;
  graph.value(x).shape = picture_shape(channels);
  graph.outputs = {x};
  network.task.colour = channels == 1 ? net::Colour::luminance : net::Colour::rgb;
  network.task.scale = scale;
  network.task.size_multiple = stride;
  network.task.stride = stride;
  network.task.radius = 4 * stride + (stride - 1);
  return network;
}

// Adds to a grey picture, in blocks of `step` x `step` pixels, what it is told: a map with an element for each block,
// or one number.
inline ir::Graph network_with_condition(bool is_map, std::int64_t step) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, picture_shape(1));
  const ir::Shape one{{1, ""}, {1, ""}, {1, ""}, {1, ""}};
  const ir::Shape map{{1, ""}, {1, ""}, {-1, ""}, {-1, ""}};
  const ir::ValueId told = graph.add_input("sigma", base::NumberFormat::float32, is_map ? map : one);
  const ir::ValueId blocks = graph.add("SpaceToDepth", {x}, {{"blocksize", step}});
  const ir::ValueId sum = graph.add("Add", {blocks, told});
  const ir::ValueId out = graph.add("DepthToSpace", {sum}, {{"blocksize", step}});
  graph.value(out).format = base::NumberFormat::float32;
  graph.value(out).shape = ir::Shape{{1, ""}, {1, ""}, {-1, ""}, {-1, ""}};
  graph.outputs = {out};
  return graph;
}

inline Result<std::unique_ptr<Session>> open(std::string_view engine, std::string_view onnx,
                                             const SessionOptions& options = {}) {
  MANTISSA_ASSIGN(Provider* const found, provider(engine));
  return found->open(std::as_bytes(std::span(onnx)), options);
}

inline Result<std::unique_ptr<Session>> open(std::string_view engine, const ir::Graph& graph,
                                             const SessionOptions& options = {}) {
  MANTISSA_ASSIGN(const std::string onnx, format::onnx_bytes(graph));
  return open(engine, std::string_view(onnx), options);
}

inline image::Picture random_picture(int width, int height, int channels) {
  image::Picture picture(width, height, channels);
  std::mt19937 random(static_cast<std::uint32_t>(width * 1000 + height));
  for (float& sample : picture.samples) sample = static_cast<float>(random() % 256) / 255.0F;
  return picture;
}

inline float largest_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::numeric_limits<float>::infinity();
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;  // NaN stays
  }
  return largest;
}

// One case for each provider of the list; its name says which.
class EveryProvider : public testing::TestWithParam<std::string> {
 protected:
  static std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const ProviderDescriptor& descriptor : providers()) names.emplace_back(descriptor.name);
    return names;
  }

 public:
  static auto all() { return testing::ValuesIn(names()); }
  static std::string name_of(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    for (char& c : name)
      if (c == '-') c = '_';
    return name;
  }
};

}  // namespace mantissa::run
