#include "net/blocks.h"

#include <algorithm>

namespace mantissa::net {
namespace {

constexpr float kDistillSlope = 0.05F;  // of the authors' LeakyReLU

}  // namespace

ir::ValueId block_conv(Builder& b, ir::ValueId x, const std::string& layer, Kernels kernels) {
  if (kernels == Kernels::plain) return b.conv(x, layer);
  return b.conv(b.linear(x, layer + ".pw"), layer + ".dw");
}

ir::ValueId block_pointwise(Builder& b, ir::ValueId x, const std::string& layer, Kernels kernels) {
  return kernels == Kernels::plain ? b.conv(x, layer) : b.linear(x, layer);
}

ir::ValueId esa(Builder& b, ir::ValueId x, const std::string& at, EsaDepth depth, Kernels kernels) {
  const auto activation = [&](ir::ValueId v) {
    return kernels == Kernels::plain ? b.relu(v, at + "relu") : b.gelu(v, at + "gelu");
  };
  const ir::ValueId narrow = block_pointwise(b, x, at + "conv1", kernels);
  ir::ValueId v = b.conv(narrow, at + "conv2", {.stride = 2, .padding = 0});
  v = b.max_pool(v, 7, 3, at + "pool");
  if (depth == EsaDepth::three) v = activation(block_conv(b, v, at + "conv_max", kernels));
  v = block_conv(b, v, at + "conv3", kernels);
  if (depth == EsaDepth::three) v = block_conv(b, activation(v), at + "conv3_", kernels);
  v = b.resize_like(v, x, Interpolation::bilinear, at + "resize");
  v = b.add(v, block_pointwise(b, narrow, at + "conv_f", kernels), at + "sum");
  v = b.sigmoid(block_pointwise(b, v, at + "conv4", kernels), at + "sigmoid");
  return b.multiply(x, v, at + "attention");
}

ir::ValueId distill(Builder& b, ir::ValueId x, const std::string& at, Kernels kernels) {
  const auto activation = [&](ir::ValueId v) {
    return kernels == Kernels::plain ? b.leaky_relu(v, kDistillSlope, at + "act") : b.gelu(v, at + "act");
  };
  std::vector<ir::ValueId> kept;
  for (const char* step : {"c1", "c2", "c3"}) {
    const std::string layer = at + step;
    kept.push_back(activation(block_pointwise(b, x, layer + "_d", kernels)));
    x = activation(b.add(block_conv(b, x, layer + "_r", kernels), x, layer + "_r/sum"));
  }
  kept.push_back(activation(block_conv(b, x, at + "c4", kernels)));
  return block_pointwise(b, b.concat(std::move(kept), at + "concat"), at + "c5", kernels);
}

int count_blocks(const ir::StateDict& state, const std::string& prefix, int first) {
  int count = 0;
  for (;; ++count) {
    const std::string start = prefix + std::to_string(first + count) + ".";
    const auto begins = [&](const auto& entry) { return entry.first.starts_with(start); };
    if (std::none_of(state.tensors.begin(), state.tensors.end(), begins)) return count;
  }
}

}  // namespace mantissa::net
