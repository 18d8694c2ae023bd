// NAFNet: a U-Net whose blocks have products of channels in place of activations.
//
//   pad with zeros -> intro -> (encoders.i, downs.i) ... -> middle_blks -> (ups.i, + what encoders saw, decoders.i) ...
//   -> ending -> + input -> crop
//   block: y = x + beta * conv3(sca(gate(conv2(conv1(norm1(x))))));  y + gamma * conv5(gate(conv4(norm2(y))))
//   gate:  the first half of the channels times the second
//   sca:   each channel times a number that comes from the means of all
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kNormEpsilon = 1e-6F;
constexpr int kDeepest = 8;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int levels = 0;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto intro = conv_shape(state, "intro");
  const auto ending = conv_shape(state, "ending");
  const int levels = count_blocks(state, "downs.", 0);
  if (!intro || !ending || ending->out != intro->in || !colour_of_channels(intro->in) || levels == 0 ||
      levels > kDeepest || !state.find("encoders.0.0.sca.1.weight") || !state.find("encoders.0.0.beta"))
    return std::nullopt;
  return Parameters{intro->in, intro->out, levels};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId gate(Builder& b, ir::ValueId x, const std::string& at) {
  const std::vector<ir::ValueId> halves = b.chunks(x, 2, at + "/half");
  return b.multiply(halves[0], halves[1], at);
}

ir::ValueId block(Builder& b, ir::ValueId x, const std::string& at) {
  ir::ValueId y = b.conv(b.conv(b.layer_norm(x, at + "norm1", kNormEpsilon), at + "conv1"), at + "conv2");
  y = gate(b, y, at + "sg");
  y = b.multiply(y, b.conv(b.mean_pool(y, at + "sca.0"), at + "sca.1"), at + "sca");
  x = b.add(x, b.multiply_channels(b.conv(y, at + "conv3"), at + "beta"), at + "sum");
  y = gate(b, b.conv(b.layer_norm(x, at + "norm2", kNormEpsilon), at + "conv4"), at + "sg");
  return b.add(x, b.multiply_channels(b.conv(y, at + "conv5"), at + "gamma"), at + "sum");
}

// All blocks of `at`; their number is left in `counts`.
ir::ValueId blocks(Builder& b, ir::ValueId x, const ir::StateDict& state, const std::string& at, std::string& counts) {
  const int count = count_blocks(state, at, 0);
  for (int i = 0; i < count; ++i) x = block(b, x, at + std::to_string(i) + ".");
  counts += (counts.empty() ? "" : ", ") + std::to_string(count);
  return x;
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a NAFNet");
  Builder b(state, "NAFNet", p->channels);
  const ir::ValueId padded = b.pad_to_multiple(b.input(), 1 << p->levels, Padding::zero, "pad");
  ir::ValueId x = b.conv(padded, "intro");
  std::vector<ir::ValueId> seen;
  std::string counts;
  for (int i = 0; i < p->levels; ++i) {
    const std::string level = std::to_string(i);
    seen.push_back(blocks(b, x, state, "encoders." + level + ".", counts));
    x = b.conv(seen.back(), "downs." + level, {.stride = 2, .padding = 0});
  }
  x = blocks(b, x, state, "middle_blks.", counts);
  for (int i = 0; i < p->levels; ++i) {
    const std::string level = std::to_string(i);
    x = b.pixel_shuffle(b.conv(x, "ups." + level + ".0"), 2, "ups." + level + ".1");
    x = b.add(x, seen[static_cast<std::size_t>(p->levels - 1 - i)], "ups." + level + "/sum");
    x = blocks(b, x, state, "decoders." + level + ".", counts);
  }
  x = b.crop_like(b.add(b.conv(x, "ending"), padded, "sum"), b.input(), "crop");
  return b.finish(
      x, enlarging_task(p->channels, 1),
      {{"channels", std::to_string(p->channels)}, {"features", std::to_string(p->features)}, {"blocks", counts}});
}

}  // namespace

constinit const Architecture kNafnet{
    "NAFNet",
    "Simple Baselines for Image Restoration, Chen et al. 2022, arXiv:2204.04676",
    "intro.weight encoders.#.#.sca.#.weight encoders.#.#.beta encoders.#.#.gamma middle_blks.#.norm#.weight "
    "downs.#.weight ups.#.#.weight decoders.#.#.conv#.weight ending.weight",
    recognises,
    build,
    "means of the whole picture, so that a tile is not quite the same part of the whole; products of channels and "
    "unbounded residuals, whose few large values are hard for fp16 and for one scale of 8 bits"};

}  // namespace mantissa::net
