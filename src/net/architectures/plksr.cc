// PLKSR and RealPLKSR: blocks with one large kernel over some of the channels.
//
//   feats.0 -> blocks -> the last of feats -> + each channel of the input, repeated -> pixel shuffle
//   block: x + refine(attn(lk(channe_mixer(x)))), "channe_mixer" as its authors spell it; RealPLKSR spells it
//          "channel_mixer" and has a norm behind refine
//   mixer: conv, GELU (RealPLKSR: Mish), conv
//   lk:    a convolution over the first channels, the others as they are
//   attn:  x * sigmoid(f(x)); small networks have none
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kNormGroups = 4;
constexpr float kNormEpsilon = 1e-5F;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  std::int64_t large = 0;  // channels of the large kernel
  std::int64_t kernel = 0;
  int blocks = 0;
  std::string last;  // the layer that makes the output
  int scale = 1;
  bool real = false;
  bool attention = false;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "feats.0");
  const auto large = conv_shape(state, "feats.1.lk.conv");
  if (!head || !large || !state.find("feats.1.refine.weight") || !colour_of_channels(head->in)) return std::nullopt;
  const bool real = state.find("feats.1.channel_mixer.0.weight") != nullptr;
  if (!real && !state.find("feats.1.channe_mixer.0.weight")) return std::nullopt;
  Parameters found{head->in, head->out, large->out, large->height, 0, "", 1, real, false};
  while (state.find("feats." + std::to_string(found.blocks + 1) + ".refine.weight")) ++found.blocks;
  // In training there was a dropout before the last one.
  for (const int after : {1, 2}) {
    const std::string layer = "feats." + std::to_string(found.blocks + after);
    if (found.last.empty() && state.find(layer + ".weight")) found.last = layer;
  }
  const auto tail = conv_shape(state, found.last);
  const auto scale = tail ? shuffle_factor(tail->out, head->in) : std::nullopt;
  if (!scale) return std::nullopt;
  found.scale = *scale;
  found.attention = state.find("feats.1.attn.f.0.weight") != nullptr;
  return found;
}

ir::ValueId group_norm(Builder& b, ir::ValueId x, const std::string& layer) {
  if (b.failed()) return x;
  const std::int64_t channels = b.shape_of(x)[1].size;
  if (channels % kNormGroups != 0) b.fail(bad_input("the channels before " + layer + " are not equal groups"));
  const ir::ValueId weight = b.parameter(layer + ".weight", {channels});
  const ir::ValueId bias = b.parameter(layer + ".bias", {channels});
  return b.node("GroupNormalization", {x, weight, bias}, layer,
                {{"num_groups", kNormGroups}, {"epsilon", kNormEpsilon}}, b.shape_of(x));
}

ir::ValueId block(Builder& b, ir::ValueId x, const Parameters& p, const std::string& at) {
  const std::string mixer = at + (p.real ? "channel_mixer." : "channe_mixer.");
  ir::ValueId y = b.conv(x, mixer + "0");
  y = b.conv(p.real ? b.mish(y, mixer + "1") : b.gelu(y, mixer + "1"), mixer + "2");
  if (p.large == p.features) {
    y = b.conv(y, at + "lk.conv");
  } else {
    const auto [some, others] = b.split(y, p.large, at + "lk");
    y = b.concat({b.conv(some, at + "lk.conv"), others}, at + "lk/concat");
  }
  if (p.attention) y = b.multiply(y, b.sigmoid(b.conv(y, at + "attn.f.0"), at + "attn.f.1"), at + "attn");
  y = b.conv(y, at + "refine");
  if (p.real) y = group_norm(b, y, at + "norm");
  return b.add(y, x, at + "sum");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a PLKSR");
  const std::string name = p->real ? "RealPLKSR" : "PLKSR";
  Builder b(state, name, p->channels);
  ir::ValueId x = b.conv(b.input(), "feats.0");
  for (int i = 1; i <= p->blocks; ++i) x = block(b, x, *p, "feats." + std::to_string(i) + ".");
  x = b.pixel_shuffle(b.conv(x, p->last), p->scale, "to_img");
  x = b.add(x, b.upsample(b.input(), p->scale, Interpolation::nearest, "base"), "sum");
  return b.finish(x, enlarging_task(p->channels, p->scale),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"blocks", std::to_string(p->blocks)},
                   {"kernel", std::to_string(p->kernel)},
                   {"scale", std::to_string(p->scale)}});
}

bool recognises_plain(const ir::StateDict& state) {
  const auto p = parameters_of(state);
  return p && !p->real;
}
bool recognises_real(const ir::StateDict& state) {
  const auto p = parameters_of(state);
  return p && p->real;
}

}  // namespace

constinit const Architecture kPlksr{
    "PLKSR", "Partial Large Kernel CNNs for Efficient Super-Resolution, Lee et al. 2024, arXiv:2404.11848",
    "feats.#.weight feats.#.channe_mixer.#.weight feats.#.lk.conv.weight feats.#.attn.f.#.weight feats.#.refine.weight",
    recognises_plain, build};
constinit const Architecture kRealPlksr{
    "RealPLKSR",
    "PLKSR as its author made it for real pictures, Lee 2024, arXiv:2404.11848",
    "feats.#.weight feats.#.channel_mixer.#.weight feats.#.lk.conv.weight feats.#.attn.f.#.weight "
    "feats.#.refine.weight feats.#.norm.weight",
    recognises_real,
    build,
    "norms over the whole picture, so that a tile is not the same part of the whole; they are hard for fp16"};

}  // namespace mantissa::net
