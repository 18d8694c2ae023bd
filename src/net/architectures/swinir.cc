// SwinIR: groups of Swin's attention in windows, in a network that enlarges in four ways, or not at all.
//
//   pad by mirroring -> (input - mean) * range -> conv_first -> patch_embed.norm -> layers -> norm -> conv_after_body
//   -> + conv_first -> one of
//     classic:     conv_before_upsample, LeakyReLU -> (upsample, pixel shuffle) ... -> conv_last
//     lightweight: upsample, pixel shuffle
//     real:        conv_before_upsample, LeakyReLU -> (nearest x2, conv_up, LeakyReLU) ... -> conv_hr, LeakyReLU
//                  -> conv_last
//     x1:          conv_last -> + input
//   -> / range + mean -> crop
//   layer: blocks, conv (one, or three with LeakyReLU between them), + x
//   block: x + proj(attention(norm1)); then + fc2(GELU(fc1(norm2))). Each second block has the windows shifted
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kNormEpsilon = 1e-5F;
constexpr float kSlope = 0.2F;
constexpr float kClassicSlope = 0.01F;
constexpr std::int64_t kLargestWindow = 64;
constexpr std::size_t kMostStages = 4;
constexpr int kJpegWindow = 7;  // of the networks against JPEG's blocks, which alone were trained on 0..255

enum class Kind { classic, lightweight, real, same_size };

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int window = 8;
  int heads = 6;
  int layers = 0;
  Kind kind = Kind::classic;
  std::vector<std::pair<std::string, int>> stages;  // that enlarge: layer and factor
  int scale = 1;
};

std::string_view name_of(Kind kind) {
  constexpr std::string_view kNames[] = {"classic", "lightweight", "real", "same size"};
  return kNames[static_cast<int>(kind)];
}

std::string block_of(int layer, int block) {
  return "layers." + std::to_string(layer) + ".residual_group.blocks." + std::to_string(block) + ".";
}

// How it enlarges; false where the keys say no way of it.
bool find_stages(const ir::StateDict& state, Parameters& p) {
  if (state.find("conv_up1.weight")) {
    p.kind = Kind::real;
    for (const char* layer : {"conv_up1", "conv_up2", "conv_up3"})
      if (state.find(layer + std::string(".weight"))) p.stages.emplace_back(layer, 2);
  } else if (const auto before = conv_shape(state, "conv_before_upsample.0")) {
    for (std::size_t i = 0; i < kMostStages; ++i) {
      const std::string layer = "upsample." + std::to_string(2 * i);
      const auto conv = conv_shape(state, layer);
      if (!conv) break;
      const auto factor = shuffle_factor(conv->out, before->out);
      if (!factor || *factor == 1) return false;
      p.stages.emplace_back(layer, *factor);
    }
    if (p.stages.empty()) return false;
  } else if (const auto conv = conv_shape(state, "upsample.0")) {
    p.kind = Kind::lightweight;
    const auto factor = shuffle_factor(conv->out, p.channels);
    if (!factor) return false;
    p.stages.emplace_back("upsample.0", *factor);
  } else {
    p.kind = Kind::same_size;
  }
  for (const auto& stage : p.stages) p.scale *= stage.second;
  return true;
}

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto first = conv_shape(state, "conv_first");
  const ir::Tensor* table = state.find(block_of(0, 0) + "attn.relative_position_bias_table");
  if (!first || !colour_of_channels(first->in) || !is_sound(table) || table->shape.size() != 2 ||
      !state.find(block_of(0, 0) + "attn.qkv.weight") || !state.find(block_of(0, 0) + "mlp.fc1.weight"))
    return std::nullopt;
  Parameters found{first->in, first->out, 0, 0, count_blocks(state, "layers.", 0), Kind::classic, {}, 1};
  for (std::int64_t window = 1; window <= kLargestWindow; ++window)
    if ((2 * window - 1) * (2 * window - 1) == table->shape[0]) found.window = static_cast<int>(window);
  if (found.window == 0 || table->shape[1] > found.features || found.features % table->shape[1] != 0)
    return std::nullopt;
  found.heads = static_cast<int>(table->shape[1]);
  return find_stages(state, found) ? std::optional(std::move(found)) : std::nullopt;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

// One convolution, or three with fewer channels in the middle ("3conv").
ir::ValueId convolutions(Builder& b, ir::ValueId x, const ir::StateDict& state, const std::string& layer) {
  if (!state.find(layer + ".0.weight")) return b.conv(x, layer);
  x = b.leaky_relu(b.conv(x, layer + ".0"), kSlope, layer + ".1");
  return b.conv(b.leaky_relu(b.conv(x, layer + ".2"), kSlope, layer + ".3"), layer + ".4");
}

ir::ValueId block(Builder& b, ir::ValueId x, SwinWindows& windows, const Parameters& p, bool shifted,
                  const std::string& at) {
  const std::int64_t pixels = std::int64_t{p.window} * p.window;
  const std::int64_t places = std::int64_t{2 * p.window - 1} * (2 * p.window - 1);
  const std::vector<std::int64_t> distances = windows.distances();
  b.expect(at + "attn.relative_position_index", distances);
  b.ignore(at + "attn_mask");  // of the pictures that it was trained on
  const ir::ValueId table = b.parameter(at + "attn.relative_position_bias_table", {places, p.heads});
  const ir::ValueId index = b.constant(at + "attn.index", ir::Tensor::of_integers({pixels, pixels}, distances));
  const ir::ValueId pairs = b.node("Gather", {table, index}, at + "attn.pairs", {{"axis", std::int64_t{0}}}, {});
  const ir::ValueId bias = b.transpose(pairs, {2, 0, 1}, at + "attn.bias");
  const ir::ValueId qkv = b.linear(b.layer_norm(x, at + "norm1", kNormEpsilon), at + "attn.qkv");
  const ir::ValueId y = windows.attend(qkv, p.heads, bias, shifted, at + "attn.");
  x = b.add(x, b.linear(y, at + "attn.proj"), at + "sum");
  const ir::ValueId mlp = b.linear(b.layer_norm(x, at + "norm2", kNormEpsilon), at + "mlp.fc1");
  return b.add(x, b.linear(b.gelu(mlp, at + "mlp.act"), at + "mlp.fc2"), at + "sum");
}

// From conv_first to what is enlarged.
ir::ValueId body(Builder& b, ir::ValueId head, const ir::StateDict& state, const Parameters& p, std::string& counts) {
  SwinWindows windows(b, p.window);
  ir::ValueId x = state.find("patch_embed.norm.weight") ? b.layer_norm(head, "patch_embed.norm", kNormEpsilon) : head;
  for (int i = 0; i < p.layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    const ir::ValueId before = x;
    const int count = count_blocks(state, layer + "residual_group.blocks.", 0);
    for (int k = 0; k < count; ++k) x = block(b, x, windows, p, k % 2 == 1, block_of(i, k));
    x = b.add(convolutions(b, x, state, layer + "conv"), before, layer + "sum");
    counts += (counts.empty() ? "" : ", ") + std::to_string(count);
  }
  return b.add(convolutions(b, b.layer_norm(x, "norm", kNormEpsilon), state, "conv_after_body"), head, "sum");
}

ir::ValueId enlarged(Builder& b, ir::ValueId x, const Parameters& p) {
  if (p.kind == Kind::classic || p.kind == Kind::real)
    x = b.leaky_relu(b.conv(x, "conv_before_upsample.0"), kClassicSlope, "conv_before_upsample.1");
  for (const auto& [layer, factor] : p.stages) {
    if (p.kind == Kind::real) {
      x = b.conv(b.upsample(x, factor, Interpolation::nearest, layer + "/nearest"), layer);
      x = b.leaky_relu(x, kSlope, layer + "/act");
    } else {
      x = b.pixel_shuffle(b.conv(x, layer), factor, layer + "/shuffle");
    }
  }
  if (p.kind == Kind::real) x = b.leaky_relu(b.conv(x, "conv_hr"), kSlope, "conv_hr/act");
  return p.kind == Kind::lightweight ? x : b.conv(x, "conv_last");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a SwinIR");
  Builder b(state, "SwinIR", p->channels);
  const bool is_jpeg = p->kind == Kind::same_size && p->window == kJpegWindow;
  const bool has_mean = p->channels == 3;
  const std::vector<float> mean{kDiv2kMean.begin(), kDiv2kMean.end()};
  ir::ValueId x = b.pad_to_multiple(b.input(), p->window, Padding::reflect, "pad");
  if (has_mean) x = b.subtract(x, mean, "mean");
  if (is_jpeg) x = b.multiply(x, {255}, "range");
  const ir::ValueId normal = x;
  std::string counts;
  x = enlarged(b, body(b, b.conv(x, "conv_first"), state, *p, counts), *p);
  if (p->kind == Kind::same_size) x = b.add(x, normal, "residual");
  if (is_jpeg) x = b.multiply(x, {1 / 255.0F}, "range_again");
  if (has_mean) x = b.add(x, mean, "mean_again");
  x = b.crop_like(x, b.input(), "crop", {.factor = p->scale});

  Task task = enlarging_task(p->channels, p->scale);
  if (is_jpeg) task.assumed.emplace_back("a range of 255 inside, as in the networks against JPEG with windows of 7");
  return b.finish(x, std::move(task),
                  {{"kind", std::string(name_of(p->kind))},
                   {"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"heads", std::to_string(p->heads)},
                   {"window", std::to_string(p->window)},
                   {"blocks", counts},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kSwinir{
    "SwinIR",
    "SwinIR, Liang et al. 2021, arXiv:2108.10257",
    "conv_first.weight patch_embed.norm.weight layers.#.residual_group.blocks.#.attn.relative_position_bias_table "
    "layers.#.residual_group.blocks.#.attn.qkv.weight layers.#.residual_group.blocks.#.mlp.fc#.weight "
    "layers.#.conv.weight conv_after_body.weight norm.weight",
    recognises,
    build,
    "attention in windows: norms and softmax stay in float; a wide receptive field, so that tiles overlap much"};

}  // namespace mantissa::net
