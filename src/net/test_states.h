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

  ir::StateDict rfdn(std::int64_t channels, std::int64_t features, int blocks, int scale) {
    ir::StateDict state;
    conv(state, "fea_conv", features, channels, 3);
    for (int i = 1; i <= blocks; ++i) {
      const std::string at = "B" + std::to_string(i) + ".";
      for (const char* step : {"c1", "c2", "c3"}) {
        conv(state, at + step + "_d", features / 2, features, 1);
        conv(state, at + step + "_r", features, features, 3);
      }
      conv(state, at + "c4", features / 2, features, 3);
      conv(state, at + "c5", features, 2 * features, 1);
      esa(state, at + "esa.", features, features / 4, true);
    }
    conv(state, "c.0", features, blocks * features, 1);
    conv(state, "LR_conv", features, features, 3);
    conv(state, "upsampler.0", channels * scale * scale, features, 3);
    return state;
  }

  ir::StateDict rlfn(std::int64_t channels, std::int64_t features, std::int64_t inner, int blocks, int scale) {
    ir::StateDict state;
    conv(state, "conv_1", features, channels, 3);
    for (int i = 1; i <= blocks; ++i) {
      const std::string at = "block_" + std::to_string(i) + ".";
      conv(state, at + "c1_r", inner, features, 3);
      conv(state, at + "c2_r", inner, inner, 3);
      conv(state, at + "c3_r", features, inner, 3);
      conv(state, at + "c5", features, features, 1);
      esa(state, at + "esa.", features, features / 2, false);
    }
    conv(state, "conv_2", features, features, 3);
    conv(state, "upsampler.0", channels * scale * scale, features, 3);
    return state;
  }

  ir::StateDict efdn(std::int64_t channels, std::int64_t features, int scale) {
    ir::StateDict state;
    conv(state, "head", features, channels, 3);
    for (int i = 0; i < 4; ++i) {
      const std::string at = "cells." + std::to_string(i) + ".";
      for (int k = 1; k <= 3; ++k) {
        const std::string layer = at + "conv" + std::to_string(k) + ".";
        conv(state, layer + (k == 1 ? "conv1x1" : "rep_conv"), features, features, k == 1 ? 1 : 3);
        add(state, layer + "act.weight", {features}, 0.1F, 0.4F);
      }
      for (int k = 0; k < 4; ++k) conv(state, at + "branch." + std::to_string(k), features / 2, features, 1);
      conv(state, at + "fuse", features, 2 * features, 1);
      esa(state, at + "att.", features, features / 4, true);
    }
    for (int i = 0; i < 3; ++i) conv(state, "local_fuse." + std::to_string(i), features, 2 * features, 1);
    conv(state, "tail.0", channels * scale * scale, features, 3);
    return state;
  }

  ir::StateDict bsrn(std::int64_t channels, std::int64_t features, int blocks, int scale) {
    ir::StateDict state;
    blueprint(state, "fea_conv", features, 4 * channels);
    for (int i = 1; i <= blocks; ++i) {
      const std::string at = "B" + std::to_string(i) + ".";
      for (const char* step : {"c1", "c2", "c3"}) {
        linear(state, at + step + "_d", features / 2, features);
        blueprint(state, at + step + "_r", features, features);
      }
      blueprint(state, at + "c4", features / 2, features);
      linear(state, at + "c5", features, 2 * features);
      const std::int64_t narrow = features / 4;
      linear(state, at + "esa.conv1", narrow, features);
      linear(state, at + "esa.conv_f", narrow, narrow);
      conv(state, at + "esa.conv2", narrow, narrow, 3);
      for (const char* layer : {"conv_max", "conv3", "conv3_"}) blueprint(state, at + "esa." + layer, narrow, narrow);
      linear(state, at + "esa.conv4", features, narrow);
      add(state, at + "cw", {1, features}, 0.5F, 1.5F);
      linear(state, at + "conv_out", features, features);
    }
    linear(state, "c1", features, blocks * features);
    blueprint(state, "c2", features, features);
    conv(state, "upsampler.upsampleOneStep.0", channels * scale * scale, features, 3);
    return state;
  }

  ir::StateDict span(std::int64_t features, int blocks, int scale) {
    ir::StateDict state;
    conv(state, "conv_1.eval_conv", features, 3, 3);
    for (int i = 1; i <= blocks; ++i) {
      for (const char* layer : {"c1_r", "c2_r", "c3_r"}) {
        conv(state, "block_" + std::to_string(i) + "." + layer + ".eval_conv", features, features, 3);
      }
    }
    conv(state, "conv_cat", features, 4 * features, 1);
    conv(state, "conv_2.eval_conv", features, features, 3);
    conv(state, "upsampler.0", 3 * scale * scale, features, 3);
    return state;
  }

  ir::StateDict safmn(std::int64_t channels, std::int64_t features, int blocks, int scale) {
    ir::StateDict state;
    add(state, "norm.gamma", {1, features, 1, 1}, -0.5F, 0.5F);
    add(state, "norm.beta", {1, features, 1, 1}, -0.5F, 0.5F);
    conv(state, "to_feat", features, channels, 3);
    for (int i = 0; i < blocks; ++i) {
      const std::string at = "feats." + std::to_string(i) + ".";
      for (int k = 0; k < 4; ++k) conv(state, at + "safm.mfr." + std::to_string(k), features / 4, 1, 3, false);
      conv(state, at + "safm.aggr", features, features, 1, false);
      conv(state, at + "ccm.ccm.0", 2 * features, features, 3, false);
      conv(state, at + "ccm.ccm.2", features, 2 * features, 1, false);
    }
    conv(state, "to_img.0", channels * scale * scale, features, 3);
    return state;
  }

  // Its features are 1 everywhere, and its last layer gives half grey at `scale`, as trained weights would.
  ir::StateDict fsrcnn(std::int64_t channels, std::int64_t features, std::int64_t narrow, int maps, int scale) {
    ir::StateDict state;
    conv(state, "feature_extract", features, channels, 5);
    add(state, "activation_1.weight", {features}, 0.1F, 0.4F);
    conv(state, "shrink", narrow, features, 1);
    add(state, "activation_2.weight", {narrow}, 0.1F, 0.4F);
    for (int i = 1; i <= maps; ++i) conv(state, "map_" + std::to_string(i), narrow, narrow, 3);
    add(state, "activation_3.weight", {narrow}, 0.1F, 0.4F);
    add(state, "expand.weight", {features, narrow, 1, 1}, -1e-3F, 1e-3F);
    add(state, "expand.bias", {features}, 1, 1);
    add(state, "activation_4.weight", {features}, 0.1F, 0.4F);
    add(state, "deconv.weight", {features, channels, 9, 9}, 0.9F, 1.1F);
    ir::Tensor& deconv = state.tensors.back().second;
    std::vector<float> weight = *deconv.floats();
    // As many rows, and as many columns, of the kernel meet in a pixel as this one does with others of its phase.
    const auto meeting = [&](std::size_t k) { return (8 - static_cast<int>(k) % scale) / scale + 1; };
    for (std::size_t i = 0; i < weight.size(); ++i) {
      weight[i] *= 0.5F / static_cast<float>(features * meeting(i / 9 % 9) * meeting(i % 9));
    }
    deconv = ir::Tensor::of_floats(deconv.shape, std::move(weight));
    add(state, "deconv.bias", {channels}, -0.01F, 0.01F);
    return state;
  }

  ir::StateDict ffdnet(std::int64_t channels, std::int64_t features, int depth) {
    ir::StateDict state;
    for (int i = 0; i < depth; ++i) {
      conv(state, "model." + std::to_string(2 * i), i + 1 == depth ? 4 * channels : features,
           i == 0 ? 4 * channels + 1 : features, 3);
    }
    return state;
  }

  ir::StateDict zerodce(std::int64_t features, int curves) {
    ir::StateDict state;
    for (int i = 1; i <= 7; ++i) {
      conv(state, "e_conv" + std::to_string(i), i == 7 ? 3 * curves : features, i == 1 ? 3 : (i < 5 ? 1 : 2) * features,
           3);
    }
    return state;
  }

  // With the names of Real-ESRGAN.
  ir::StateDict rrdbnet(std::int64_t channels, std::int64_t features, int blocks, int stages, int unshuffle) {
    ir::StateDict state;
    conv(state, "conv_first", features, channels * unshuffle * unshuffle, 3);
    const std::int64_t growth = features / 2;
    for (int i = 0; i < blocks; ++i) {
      for (int dense = 1; dense <= 3; ++dense) {
        for (int k = 1; k <= 5; ++k) {
          conv(state, "body." + std::to_string(i) + ".rdb" + std::to_string(dense) + ".conv" + std::to_string(k),
               k == 5 ? features : growth, features + (k - 1) * growth, 3);
        }
      }
    }
    conv(state, "conv_body", features, features, 3);
    for (int i = 1; i <= stages; ++i) conv(state, "conv_up" + std::to_string(i), features, features, 3);
    conv(state, "conv_hr", features, features, 3);
    conv(state, "conv_last", channels, features, 3);
    return state;
  }

  // Enlarges twice in each of `stages`, as BasicSR's EDSR does, or its SRResNet.
  ir::StateDict residual(std::int64_t channels, std::int64_t features, int blocks, int stages, bool edsr) {
    ir::StateDict state;
    conv(state, "conv_first", features, channels, 3);
    for (int i = 0; i < blocks; ++i) {
      conv(state, "body." + std::to_string(i) + ".conv1", features, features, 3);
      conv(state, "body." + std::to_string(i) + ".conv2", features, features, 3);
    }
    conv(state, edsr ? "conv_after_body" : "conv_hr", features, features, 3);
    for (int i = 0; i < stages; ++i) {
      conv(state, edsr ? "upsample." + std::to_string(2 * i) : "upconv" + std::to_string(i + 1), 4 * features, features,
           3);
    }
    conv(state, "conv_last", channels, features, 3);
    return state;
  }

  // Enlarges twice in each of `stages`.
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

  void linear(ir::StateDict& state, const std::string& layer, std::int64_t out, std::int64_t in, bool bias = true) {
    const float span = 1.0F / static_cast<float>(in);
    add(state, layer + ".weight", {out, in}, -span, span);
    if (bias) add(state, layer + ".bias", {out}, -0.1F, 0.1F);
  }

  void norm(ir::StateDict& state, const std::string& layer, std::int64_t features) {
    add(state, layer + ".weight", {features}, 0.5F, 1.5F);
    add(state, layer + ".bias", {features}, -0.1F, 0.1F);
  }

  void batch_norm(ir::StateDict& state, const std::string& layer, std::int64_t features) {
    add(state, layer + ".weight", {features}, 0.5F, 1.5F);
    add(state, layer + ".bias", {features}, -0.2F, 0.2F);
    add(state, layer + ".running_mean", {features}, -0.2F, 0.2F);
    add(state, layer + ".running_var", {features}, 0.05F, 2.0F);
    state.tensors.emplace_back(layer + ".num_batches_tracked", ir::Tensor::of_integers({}, {7}));
  }

 private:
  void blueprint(ir::StateDict& state, const std::string& layer, std::int64_t out, std::int64_t in) {
    linear(state, layer + ".pw", out, in);
    conv(state, layer + ".dw", out, 1, 3);
  }

  void esa(ir::StateDict& state, const std::string& at, std::int64_t features, std::int64_t narrow, bool deep) {
    conv(state, at + "conv1", narrow, features, 1);
    conv(state, at + "conv_f", narrow, narrow, 1);
    conv(state, at + "conv2", narrow, narrow, 3);
    conv(state, at + "conv3", narrow, narrow, 3);
    if (deep) conv(state, at + "conv_max", narrow, narrow, 3);
    if (deep) conv(state, at + "conv3_", narrow, narrow, 3);
    conv(state, at + "conv4", features, narrow, 1);
  }

  std::mt19937 random_;
};

}  // namespace mantissa::net::test
