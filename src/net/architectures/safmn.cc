// SAFMN as its authors entered it in NTIRE 2023: blocks that modulate each pixel by views of four coarsenesses.
//
//   to_feat -> + norm -> feats.0 ... feats.n -> to_img -> PixelShuffle -> + bilinear(input)
//   norm: x * |x| / (mean of |x| over the channels), |x| the length of a channel over the whole picture
//   feat: x + safm(x), then x + ccm(x);  ccm: 3x3, GELU, 1x1
//   safm: a quarter of the channels at full size, the others pooled to sides 4, 8 and 16 times smaller, a depthwise
//         convolution each, enlarged again -> aggr -> GELU -> * x
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr int kLevels = 4;
constexpr float kNormEpsilon = 1e-6F;

std::optional<Enlarging> parameters_of(const ir::StateDict& state) {
  return find_enlarging(state, {"to_feat", "to_img.0", "feats.", 0}, {"norm.gamma", "feats.0.safm.mfr.3.weight"});
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId norm(Builder& b, ir::ValueId x) {
  if (b.failed()) return x;
  const ir::Dimension channels = b.shape_of(x)[1];
  const ir::ValueId length =
      b.node("ReduceL2", {x, b.numbers({2, 3}, "norm/axes")}, "norm/length", {{"keepdims", std::int64_t{1}}},
             ir::Shape{{-1, "batch"}, channels, {1, ""}, {1, ""}});
  const ir::ValueId mean = b.node("ReduceMean", {length, b.numbers({1}, "norm/channel_axis")}, "norm/mean",
                                  {{"keepdims", std::int64_t{1}}}, ir::Shape{{-1, "batch"}, {1, ""}, {1, ""}, {1, ""}});
  const ir::ValueId relative = b.divide(length, b.add(mean, {kNormEpsilon}, "norm/epsilon"), "norm/relative");
  const ir::ValueId scaled = b.multiply_channels(b.multiply(x, relative, "norm/scaled"), "norm.gamma");
  return b.add(b.add_channels(scaled, "norm.beta"), x, "norm");
}

ir::ValueId safm(Builder& b, ir::ValueId x, const std::string& at) {
  std::vector<ir::ValueId> levels = b.chunks(x, kLevels, at + "chunk");
  for (int i = 0; i < kLevels; ++i) {
    const std::string layer = at + "mfr." + std::to_string(i);
    ir::ValueId& level = levels[static_cast<std::size_t>(i)];
    if (i > 0) level = b.adaptive_max_pool(level, 2 << i, layer + "/pool");
    level = b.conv(level, layer);
    if (i > 0) level = b.resize_like(level, x, Interpolation::nearest, layer + "/resize");
  }
  const ir::ValueId attention = b.gelu(b.conv(b.concat(std::move(levels), at + "concat"), at + "aggr"), at + "act");
  return b.multiply(attention, x, at + "modulate");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Enlarging> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a SAFMN");
  Builder b(state, "SAFMN", p->channels);
  ir::ValueId x = norm(b, b.conv(b.input(), "to_feat"));
  for (int i = 0; i < p->blocks; ++i) {
    const std::string at = "feats." + std::to_string(i) + ".";
    x = b.add(safm(b, x, at + "safm."), x, at + "sum");
    const ir::ValueId mixed = b.conv(b.gelu(b.conv(x, at + "ccm.ccm.0"), at + "ccm.ccm.1"), at + "ccm.ccm.2");
    x = b.add(mixed, x, at + "sum");
  }
  x = b.pixel_shuffle(b.conv(x, "to_img.0"), p->scale, "to_img.1");
  x = b.add(x, b.upsample(b.input(), p->scale, Interpolation::bilinear, "base"), "sum");

  return b.finish(x, enlarging_task(p->channels, p->scale), hyperparameters_of(*p));
}

}  // namespace

constinit const Architecture kSafmn{
    "SAFMN",
    "Spatially-Adaptive Feature Modulation, Sun et al. 2023, arXiv:2302.13800",
    "norm.gamma to_feat.weight feats.#.safm.mfr.#.weight feats.#.ccm.ccm.#.weight "
    "to_img.#.bias",
    recognises,
    build,
    "lengths of channels over the whole picture, whose squares leave the range of fp16; sides of 16 pixels and more"};

}  // namespace mantissa::net
