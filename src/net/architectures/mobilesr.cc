// MobileSR: pairs of a block with attention in windows of 8x8 and a block of convolutions.
//
//   head -> layers.0 ... layers.n -> fuse of (head, body) -> upsapling (as its authors spell it), shuffled stage by
//   stage -> LeakyReLU -> tail -> + bilinear(input)
//   layers.i.0: x + pos_embed(x); then + attention(norm1); then + mlp(norm2)
//   layers.i.1: x + (1x1, LeakyReLU, depthwise 3x3, LeakyReLU, 1x1)
//
// Windows begin at the top left corner. After norm1 the sides are padded with zeros to multiples of 8, and the padding
// takes part in the softmax.
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

// In the authors' code, not in the shapes.
constexpr int kWindow = 8;
constexpr int kHeads = 8;
constexpr float kSlope = 0.2F;
constexpr float kNormEpsilon = 1e-5F;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int blocks = 0;
  std::vector<int> factors;  // of the stages that enlarge
};

std::string stage(std::size_t index) { return "upsapling." + std::to_string(2 * index); }

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "head");
  if (!head || !state.find("body.layers.0.0.attn.qkv.weight") || !colour_of_channels(head->in)) return std::nullopt;
  Parameters found{head->in, head->out, count_blocks(state, "body.layers.", 0), {}};
  while (const auto conv = conv_shape(state, stage(found.factors.size()))) {
    const auto factor = shuffle_factor(conv->out, found.features);
    if (!factor || *factor == 1 || found.factors.size() == 4) return std::nullopt;
    found.factors.push_back(*factor);
  }
  return found.factors.empty() || found.features % kHeads != 0 ? std::nullopt : std::optional(found);
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId attention(Builder& b, ir::ValueId x, const std::string& at) {
  const ir::ValueId qkv = b.linear(b.pad_to_multiple(x, kWindow, Padding::zero, at + "pad"), at + "qkv");
  const ir::ValueId y = window_attention(b, qkv, kWindow, kWindow, kHeads, {}, at);
  return b.linear(b.crop_like(y, x, at + "crop"), at + "proj_out");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a MobileSR");
  Builder b(state, "MobileSR", p->channels);
  const ir::ValueId head = b.conv(b.input(), "head");
  ir::ValueId x = head;
  for (int i = 0; i < p->blocks; ++i) {
    const std::string layers = "body.layers." + std::to_string(i) + ".";
    const std::string token = layers + "0.";
    x = b.add(x, b.conv(x, token + "pos_embed"), token + "placed");
    const ir::ValueId normed = b.layer_norm(x, token + "norm1", kNormEpsilon);
    x = b.add(attention(b, normed, token + "attn."), x, token + "sum");
    ir::ValueId mlp = b.linear(b.layer_norm(x, token + "norm2", kNormEpsilon), token + "mlp.fc.0");
    x = b.add(x, b.linear(b.gelu(mlp, token + "mlp.fc.1"), token + "mlp.fc.2"), token + "sum");
    const std::string net = layers + "1.net.";
    ir::ValueId y = b.leaky_relu(b.conv(x, net + "0"), kSlope, net + "1");
    y = b.leaky_relu(b.conv(y, net + "2"), kSlope, net + "3");
    x = b.add(b.conv(y, net + "4"), x, net + "sum");
  }
  x = b.conv(b.concat({head, x}, "concat"), "fuse");
  int scale = 1;
  for (std::size_t i = 0; i < p->factors.size(); ++i) {
    x = b.pixel_shuffle(b.conv(x, stage(i)), p->factors[i], stage(i) + "/shuffle");
    scale *= p->factors[i];
  }
  x = b.conv(b.leaky_relu(x, kSlope, "act"), "tail");
  x = b.add(x, b.upsample(b.input(), scale, Interpolation::bilinear, "base"), "sum");

  return b.finish(x, enlarging_task(p->channels, scale),
                  hyperparameters_of({p->channels, p->features, p->blocks, scale}));
}

}  // namespace

constinit const Architecture kMobilesr{
    "MobileSR", "NTIRE 2022 Challenge on Efficient Super-Resolution, Li et al. 2022, arXiv:2205.05675",
    "head.weight body.layers.#.#.pos_embed.weight body.layers.#.#.attn.qkv.weight body.layers.#.#.mlp.fc.#.bias "
    "body.layers.#.#.net.#.weight fuse.weight upsapling.#.weight tail.weight",
    recognises, build};

}  // namespace mantissa::net
