#include "net/blocks.h"

#include <algorithm>
#include <cmath>

#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kDistillSlope = 0.05F;  // of the authors' LeakyReLU
constexpr float kUnseen = -100;         // what Swin adds to a likeness that is not to count: exp(-100) is below half
                                        // of float32's precision

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
  v = b.max_pool(v, 7, {.stride = 3, .padding = 0}, at + "pool");
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

ir::ValueId spread_level(Builder& b, ir::ValueId level, ir::ValueId features) {
  const ir::ValueId size = b.arithmetic(
      "Concat",
      {b.sizes(features, 0, 1, "level/batch"), b.numbers({1}, "level/one"), b.sizes(features, 2, 4, "level/picture")},
      "level/size", {{"axis", std::int64_t{0}}});
  ir::Shape shape = b.shape_of(features);
  shape[1].size = 1;
  return b.node("Expand", {level, size}, "level", {}, std::move(shape));
}

ir::ValueId window_attention(Builder& b, ir::ValueId qkv, int height, int width, int heads,
                             const std::vector<ir::ValueId>& biases, const std::string& at) {
  if (b.failed()) return qkv;
  const std::int64_t features = b.shape_of(qkv)[1].size / 3;
  const std::int64_t each = features / heads;
  const std::int64_t pixels = std::int64_t{height} * width;
  const ir::ValueId windows = b.to_windows(qkv, height, width, at + "windows");
  // [q, k or v; window; head; pixel; channel]
  const ir::ValueId parts =
      b.transpose(b.reshape(windows, {-1, pixels, 3, heads, each}, at + "heads"), {2, 0, 3, 1, 4}, at + "heads/order");
  const auto part = [&](int index, const char* name) {
    const ir::ValueId which = b.constant(at + name + "/index", ir::Tensor::of_integers({}, {index}));
    return b.node("Gather", {parts, which}, at + name, {{"axis", std::int64_t{0}}}, {});
  };
  const ir::ValueId keys = b.transpose(part(1, "k"), {0, 1, 3, 2}, at + "k/transposed");
  const float scale = 1 / std::sqrt(static_cast<float>(each));
  const ir::ValueId y = b.attend(part(0, "q"), keys, part(2, "v"), scale, biases, at + "attention");
  const ir::ValueId tokens =
      b.reshape(b.transpose(y, {0, 2, 1, 3}, at + "tokens/order"), {-1, pixels, features}, at + "tokens");
  return b.from_windows(tokens, features, qkv, height, width, at + "picture");
}

std::vector<std::int64_t> SwinWindows::distances() const {
  std::vector<std::int64_t> found;
  const int pixels = side_ * side_;
  for (int from = 0; from < pixels; ++from) {
    for (int to = 0; to < pixels; ++to) {
      const int rows = from / side_ - to / side_ + side_ - 1;
      const int columns = from % side_ - to % side_ + side_ - 1;
      found.push_back(std::int64_t{rows} * (2 * side_ - 1) + columns);
    }
  }
  return found;
}

ir::ValueId SwinWindows::mask(ir::ValueId picture, const std::string& at) {
  const ir::ValueId size = b_.arithmetic(
      "Concat",
      {b_.sizes(picture, 0, 1, at + "batch"), b_.numbers({1}, at + "one"), b_.sizes(picture, 2, 4, at + "sides")},
      at + "size", {{"axis", std::int64_t{0}}});
  ir::Shape shape = b_.shape_of(picture);
  shape[1].size = 1;
  const ir::ValueId seen = b_.node("ConstantOfShape", {size}, at + "seen", {}, std::move(shape));
  const ir::ValueId padded = b_.pad(seen, before(), behind(), kUnseen, at + "padded");
  const ir::ValueId windows = b_.to_windows(padded, side_, side_, at + "windows");
  return b_.reshape(windows, {-1, 1, 1, std::int64_t{side_} * side_}, at + "mask");
}

ir::ValueId SwinWindows::attend(ir::ValueId qkv, int heads, ir::ValueId bias, bool shifted, const std::string& at) {
  if (b_.failed()) return qkv;
  if (!shifted) return window_attention(b_, qkv, side_, side_, heads, {bias}, at);
  if (!mask_) mask_ = mask(qkv, at + "mask/");
  const ir::ValueId padded = b_.pad(qkv, before(), behind(), 0, at + "pad");
  const ir::ValueId y = window_attention(b_, padded, side_, side_, heads, {bias, *mask_}, at);
  return b_.crop_like(y, qkv, at + "crop", {.first = before()});
}

std::optional<Enlarging> find_enlarging(const ir::StateDict& state, const EnlargingLayers& layers,
                                        std::initializer_list<std::string_view> others) {
  const auto head = conv_shape(state, layers.head);
  const auto tail = conv_shape(state, layers.tail);
  const bool all = std::all_of(others.begin(), others.end(), [&](std::string_view key) { return state.find(key); });
  if (!head || !tail || !all || !colour_of_channels(head->in)) return std::nullopt;
  const auto scale = shuffle_factor(tail->out, head->in);
  if (!scale) return std::nullopt;
  return Enlarging{head->in, head->out, count_blocks(state, layers.blocks, layers.first), *scale};
}

Hyperparameters hyperparameters_of(const Enlarging& found) {
  return {{"channels", std::to_string(found.channels)},
          {"features", std::to_string(found.features)},
          {"blocks", std::to_string(found.blocks)},
          {"scale", std::to_string(found.scale)}};
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
