// CRAFT: groups in which attention in shifted rectangular windows takes turns with attention that asks for high
// frequencies.
//
//   (input - mean) -> conv_first -> layers.0 ... layers.n -> norm -> conv_after_body -> + conv_first -> upsample
//   -> + mean
//   layer: rounds of (some srwa_blocks, then one of hf_blocks with what one of hfer_blocks saw before) -> conv -> + x
//   srwa: x + proj(attention(norm1) + get_v(v)); then + mlp(norm2). Half of the channels attend in windows of 4x16, the
//         other half in 16x4; each second block rolls the picture by half a window, around its edges and unmasked
//   hfer: x + last_fc(a 3x3 convolution of half of the channels, a 3x3 maximum of the others, GELU)
//   hf:   x + attention between channels, q from hfer, k and v from norm1; then + ffn(norm2)
#include <cmath>

#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kNormEpsilon = 1e-5F;
constexpr float kLengthEpsilon = 1e-12F;  // of torch.nn.functional.normalize

struct Sides {
  int height = 0;
  int width = 0;
};

struct Parameters {
  std::int64_t features = 0;
  int layers = 0;
  int rounds = 0;  // in each layer
  int blocks = 0;  // srwa_blocks in each round
  int heads = 0;   // of each half of the channels
  int frequency_heads = 0;
  Sides window;             // of the first half
  std::int64_t places = 0;  // by which two pixels of a window can differ
  int scale = 1;
};

// A window of `pixels` pixels, no wider than high, in which two pixels can differ by `places` distances:
// h * w = pixels, (2h - 1) * (2w - 1) = places.
std::optional<Sides> window_of(std::int64_t pixels, std::int64_t places) {
  for (std::int64_t height = 1; height * height <= pixels && height <= 256; ++height) {
    const std::int64_t width = pixels / height;
    if (height * width == pixels && width <= 256 && (2 * height - 1) * (2 * width - 1) == places)
      return Sides{static_cast<int>(height), static_cast<int>(width)};
  }
  return std::nullopt;
}

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const std::string group = "layers.0.residual_group.";
  const auto head = conv_shape(state, "conv_first");
  const auto tail = conv_shape(state, "upsample.0");
  const ir::Tensor* biases = state.find("biases_h");
  const ir::Tensor* index = state.find("relative_position_index_h");
  const ir::Tensor* heads = state.find(group + "srwa_blocks.0.attns.0.pos.pos3.2.bias");
  const ir::Tensor* temperature = state.find(group + "hf_blocks.0.attn.temperature");
  if (!head || !tail || head->in != 3 || !is_sound(biases) || !is_sound(heads) || !is_sound(temperature) || !index ||
      index->shape.size() != 2 || biases->shape.empty())
    return std::nullopt;
  const auto window = window_of(index->shape[0], biases->shape[0]);
  const auto scale = shuffle_factor(tail->out, 3);
  const int rounds = count_blocks(state, group + "hf_blocks.", 0);
  const int blocks = count_blocks(state, group + "srwa_blocks.", 0);
  if (!window || !scale || rounds == 0 || blocks % rounds != 0) return std::nullopt;
  const std::int64_t each = heads->count();
  const std::int64_t frequency = temperature->count();
  if (head->out % (2 * each) != 0 || head->out % frequency != 0) return std::nullopt;
  return Parameters{head->out,
                    count_blocks(state, "layers.", 0),
                    rounds,
                    blocks / rounds,
                    static_cast<int>(each),
                    static_cast<int>(frequency),
                    *window,
                    biases->shape[0],
                    *scale};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

// What each pair of places in a window adds to its likeness: [heads, pixels, pixels].
ir::ValueId position_bias(Builder& b, const Parameters& p, const std::string& direction, const std::string& at) {
  const std::int64_t pixels = std::int64_t{p.window.height} * p.window.width;
  ir::ValueId x = b.parameter("biases_" + direction, {p.places, 2});
  x = b.gemm(x, at + "pos_proj");
  for (const char* step : {"pos1", "pos2", "pos3"}) {
    if (b.failed()) return x;
    const std::string layer = at + step;
    const std::int64_t width = b.shape_of(x)[1].size;
    x = b.node("LayerNormalization",
               {x, b.parameter(layer + ".0.weight", {width}), b.parameter(layer + ".0.bias", {width})}, layer + ".0",
               {{"axis", std::int64_t{-1}}, {"epsilon", kNormEpsilon}}, b.shape_of(x));
    x = b.gemm(b.relu(x, layer + ".1"), layer + ".2");
  }
  const ir::ValueId index = b.indices("relative_position_index_" + direction, {pixels, pixels}, p.places);
  x = b.node("Gather", {x, index}, at + "pairs", {{"axis", std::int64_t{0}}}, {});
  return b.transpose(x, {2, 0, 1}, at + "bias");
}

// Half of the channels: qkv in windows, of which each second block takes those between.
ir::ValueId half_attention(Builder& b, ir::ValueId qkv, const Parameters& p, Sides window, bool shifted,
                           const std::string& direction, const std::string& at) {
  const ir::ValueId bias = position_bias(b, p, direction, at + "pos.");
  const auto rolled = [&](ir::ValueId x, int sign, const std::string& name) {
    if (!shifted) return x;
    return b.roll(b.roll(x, 2, sign * (window.height / 2), at + name + "/rows"), 3, sign * (window.width / 2),
                  at + name + "/columns");
  };
  const ir::ValueId y = window_attention(b, rolled(qkv, 1, "roll"), window.height, window.width, p.heads, {bias}, at);
  return rolled(y, -1, "roll_back");
}

ir::ValueId srwa(Builder& b, ir::ValueId x, const Parameters& p, bool shifted, const std::string& at) {
  const ir::ValueId qkv = b.linear(b.layer_norm(x, at + "norm1", kNormEpsilon), at + "qkv");
  const ir::ValueId v = b.chunks(qkv, 3, at + "parts")[2];
  const std::vector<ir::ValueId> halves = b.chunks(qkv, 6, at + "halves");
  const Sides upright{p.window.width, p.window.height};
  const ir::ValueId flat = half_attention(b, b.concat({halves[0], halves[2], halves[4]}, at + "first"), p, p.window,
                                          shifted, "h", at + "attns.0.");
  const ir::ValueId tall = half_attention(b, b.concat({halves[1], halves[3], halves[5]}, at + "second"), p, upright,
                                          shifted, "v", at + "attns.1.");
  const ir::ValueId seen = b.add(b.concat({flat, tall}, at + "attention"), b.conv(v, at + "get_v"), at + "seen");
  x = b.add(x, b.linear(seen, at + "proj"), at + "sum");
  const ir::ValueId mlp = b.gelu(b.linear(b.layer_norm(x, at + "norm2", kNormEpsilon), at + "mlp.fc1"), at + "mlp.act");
  return b.add(x, b.linear(mlp, at + "mlp.fc2"), at + "sum");
}

ir::ValueId hfer(Builder& b, ir::ValueId x, const std::string& at) {
  const std::vector<ir::ValueId> halves = b.chunks(x, 2, at + "half");
  const ir::ValueId edges = b.gelu(b.conv(halves[0], at + "conv"), at + "act");
  const ir::ValueId peaks = b.gelu(b.conv(b.max_pool(halves[1], 3, {}, at + "max_pool"), at + "fc"), at + "act");
  return b.add(x, b.conv(b.concat({edges, peaks}, at + "concat"), at + "last_fc"), at + "sum");
}

// x over its length along the last axis.
ir::ValueId normalized(Builder& b, ir::ValueId x, const std::string& at) {
  const ir::ValueId length =
      b.node("ReduceL2", {x, b.numbers({-1}, at + "/axis")}, at + "/length", {{"keepdims", std::int64_t{1}}}, {});
  const ir::ValueId least = b.constant(at + "/least", ir::Tensor::of_floats({}, {kLengthEpsilon}));
  return b.divide(x, b.node("Clip", {length, least}, at + "/clip", {}, {}), at);
}

ir::ValueId hf(Builder& b, ir::ValueId x, ir::ValueId frequencies, const Parameters& p, const std::string& at) {
  const ir::ValueId normed = b.layer_norm(x, at + "norm1.body", kNormEpsilon);
  const ir::ValueId q = b.conv(b.conv(frequencies, at + "attn.q"), at + "attn.q_dwconv");
  const std::vector<ir::ValueId> kv =
      b.chunks(b.conv(b.conv(normed, at + "attn.kv"), at + "attn.kv_dwconv"), 2, at + "attn.kv/part");
  const auto heads = [&](ir::ValueId picture, const char* name) {
    return b.reshape(picture, {0, p.frequency_heads, p.features / p.frequency_heads, -1}, at + "attn." + name);
  };
  const ir::ValueId keys =
      b.transpose(normalized(b, heads(kv[0], "k"), at + "attn.k/normalized"), {0, 1, 3, 2}, at + "attn.k/transposed");
  const ir::ValueId likeness =
      b.matmul(normalized(b, heads(q, "q/heads"), at + "attn.q/normalized"), keys, at + "attn.likeness");
  const ir::ValueId scaled =
      b.multiply(likeness, b.parameter(at + "attn.temperature", {p.frequency_heads, 1, 1}), at + "attn.scaled");
  const ir::ValueId shares = b.node("Softmax", {scaled}, at + "attn.shares", {{"axis", std::int64_t{-1}}}, {});
  const ir::ValueId mixed = b.matmul(shares, heads(kv[1], "v"), at + "attn.mixed");
  const ir::ValueId sides =
      b.arithmetic("Concat", {b.numbers({0, p.features}, at + "attn.kept"), b.sizes(x, 2, 4, at + "attn.sides")},
                   at + "attn.shape", {{"axis", std::int64_t{0}}});
  x = b.add(x,
            b.conv(b.reshape(mixed, sides, at + "attn.picture", b.shape_of(b.failed() ? b.input() : x)),
                   at + "attn.project_out"),
            at + "sum");
  const ir::ValueId ffn = b.conv(b.layer_norm(x, at + "norm2.body", kNormEpsilon), at + "ffn.project_in");
  const std::vector<ir::ValueId> gates = b.chunks(b.conv(ffn, at + "ffn.dwconv"), 2, at + "ffn.part");
  const ir::ValueId gated = b.multiply(b.gelu(gates[0], at + "ffn.act"), gates[1], at + "ffn.gated");
  return b.add(x, b.conv(gated, at + "ffn.project_out"), at + "sum");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a CRAFT");
  Builder b(state, "CRAFT", 3);
  const ir::ValueId head = b.conv(b.subtract(b.input(), {kDiv2kMean.begin(), kDiv2kMean.end()}, "mean"), "conv_first");
  ir::ValueId x = head;
  for (int i = 0; i < p->layers; ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    const auto block = [&](const char* kind, int index) {
      return layer + "residual_group." + kind + "_blocks." + std::to_string(index) + ".";
    };
    const ir::ValueId before = x;
    for (int round = 0; round < p->rounds; ++round) {
      const ir::ValueId frequencies = hfer(b, x, block("hfer", round));
      for (int k = 0; k < p->blocks; ++k) {
        const int index = round * p->blocks + k;
        x = srwa(b, x, *p, index % 2 == 1, block("srwa", index));
      }
      x = hf(b, x, frequencies, *p, block("hf", round));
    }
    x = b.add(b.conv(x, layer + "conv"), before, layer + "sum");
  }
  x = b.add(b.conv(b.layer_norm(x, "norm.body", kNormEpsilon), "conv_after_body"), head, "sum");
  x = b.add(b.pixel_shuffle(b.conv(x, "upsample.0"), p->scale, "upsample.1"), {kDiv2kMean.begin(), kDiv2kMean.end()},
            "mean_again");

  Task task;
  task.kind = "super-resolution";
  task.scale = p->scale;
  return b.finish(x, std::move(task),
                  {{"features", std::to_string(p->features)},
                   {"layers", std::to_string(p->layers)},
                   {"window", std::to_string(p->window.height) + "x" + std::to_string(p->window.width)},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kCraft{
    "CRAFT",
    "Feature Modulation Transformer, Li et al. 2023, arXiv:2308.05022",
    "relative_position_index_h biases_v conv_first.weight "
    "layers.#.residual_group.srwa_blocks.#.attns.#.pos.pos#.#.weight "
    "layers.#.residual_group.hfer_blocks.#.last_fc.bias layers.#.residual_group.hf_blocks.#.attn.temperature "
    "conv_after_body.weight",
    recognises,
    build,
    "lengths of channels over the whole picture, whose squares leave the range of fp16, and a 1e-12 below it"};

}  // namespace mantissa::net
