// State dicts of small networks with random weights, as the authors' code would save them. For tests.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ir/state_dict.h"

namespace mantissa::net::test {

class States {
 public:
  explicit States(unsigned seed = 1) : random_(seed) {}

  ir::StateDict srvgg(std::int64_t channels, std::int64_t features, int convolutions, int scale, bool prelu = true) {
    ir::StateDict state;
    const int last = 2 * convolutions + 2;
    for (int i = 0; i <= last; ++i) {
      const std::string layer = "body." + std::to_string(i);
      if (i % 2 == 1) {
        if (prelu) add(state, layer + ".weight", {features}, 0.1F, 0.4F);
      } else {
        conv(state, layer, i == last ? channels * scale * scale : features, i == 0 ? channels : features, 3);
      }
    }
    return state;
  }

  // `root` "model" has biases; "dncnn" has none, and always normalization.
  ir::StateDict dncnn(const std::string& root, std::int64_t channels, std::int64_t features, int depth, bool norm) {
    ir::StateDict state;
    int index = 0;
    for (int i = 0; i < depth; ++i) {
      const bool last = i + 1 == depth;
      conv(state, root + "." + std::to_string(index++), last ? channels : features, i == 0 ? channels : features, 3,
           root == "model");
      if (norm && i > 0 && !last) batch_norm(state, root + "." + std::to_string(index++), features);
      ++index;  // ReLU
    }
    return state;
  }

  ir::StateDict espcn(std::int64_t channels, std::int64_t features, int scale) {
    ir::StateDict state;
    conv(state, "conv_1", features, channels, 5);
    conv(state, "conv_2", features / 2, features, 3);
    conv(state, "conv_3", channels * scale * scale, features / 2, 3);
    return state;
  }

  void conv(ir::StateDict& state, const std::string& layer, std::int64_t out, std::int64_t in, std::int64_t kernel,
            bool bias = true) {
    const float span = 1.0F / static_cast<float>(in * kernel);
    add(state, layer + ".weight", {out, in, kernel, kernel}, -span, span);
    if (bias) add(state, layer + ".bias", {out}, -0.1F, 0.1F);
  }

  void add(ir::StateDict& state, const std::string& key, std::vector<std::int64_t> shape, float low, float high) {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    std::vector<float> values(count);
    std::uniform_real_distribution<float> uniform(low, high);
    for (float& value : values) value = uniform(random_);
    state.tensors.emplace_back(key, ir::Tensor::of_floats(std::move(shape), std::move(values)));
  }

  static ir::StateDict prefixed(const std::string& prefix, ir::StateDict state) {
    for (auto& entry : state.tensors) entry.first = prefix + entry.first;
    return state;
  }

 private:
  void batch_norm(ir::StateDict& state, const std::string& layer, std::int64_t features) {
    add(state, layer + ".weight", {features}, 0.5F, 1.5F);
    add(state, layer + ".bias", {features}, -0.2F, 0.2F);
    add(state, layer + ".running_mean", {features}, -0.2F, 0.2F);
    add(state, layer + ".running_var", {features}, 0.05F, 2.0F);
    state.tensors.emplace_back(layer + ".num_batches_tracked", ir::Tensor::of_integers({}, {7}));
  }

  std::mt19937 random_;
};

}  // namespace mantissa::net::test
