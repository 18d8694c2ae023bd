// ECBSR: a few convolutions at the size of the input and a pixel shuffle, for phones. In training each of them has five
// branches, which merge_branches.h makes one.
//
//   backbone.0 conv3x3, act, ... backbone.n conv3x3 -> + each channel of the input, repeated -> pixel shuffle
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int convolutions = 0;
  int scale = 1;
  bool prelu = false;
};

std::string layer_of(int index) { return "backbone." + std::to_string(index); }

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto first = conv_shape(state, layer_of(0) + ".conv3x3");
  const int count = count_blocks(state, "backbone.", 0);
  if (!first || count < 2 || !colour_of_channels(first->in)) return std::nullopt;
  const auto last = conv_shape(state, layer_of(count - 1) + ".conv3x3");
  const auto scale = last ? shuffle_factor(last->out, first->in) : std::nullopt;
  if (!scale) return std::nullopt;
  return Parameters{first->in, first->out, count, *scale, state.find(layer_of(0) + ".act.weight") != nullptr};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an ECBSR");
  Builder b(state, "ECBSR", p->channels);
  ir::ValueId x = b.input();
  for (int i = 0; i < p->convolutions; ++i) {
    x = b.conv(x, layer_of(i) + ".conv3x3");
    const std::string act = layer_of(i) + ".act";
    if (i + 1 < p->convolutions) x = p->prelu ? b.prelu(x, act) : b.relu(x, act);
  }
  x = b.pixel_shuffle(x, p->scale, "upsampler");
  x = b.add(x, b.upsample(b.input(), p->scale, Interpolation::nearest, "base"), "sum");

  Task task = enlarging_task(p->channels, p->scale);
  // The authors train on 0..255; BasicSR, whose files have these wrappers, on 0..1.
  const bool of_basicsr = !state.wrappers.empty() && state.wrappers.back().starts_with("params");
  if (!of_basicsr) task.range_high = 255;
  task.assumed.emplace_back(of_basicsr ? "range 0..1 (the authors' own networks have 0..255)"
                                       : "range 0..255 (those trained with BasicSR have 0..1)");
  if (!p->prelu) task.assumed.emplace_back("activation ReLU (others without weights leave the same keys)");
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"convolutions", std::to_string(p->convolutions)},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kEcbsr{
    "ECBSR", "Edge-oriented Convolution Block, Zhang et al. 2021, doi:10.1145/3474085.3475291",
    "backbone.#.conv#x#.weight backbone.#.conv#x#_sbx.mask backbone.#.act.weight", recognises, build};

}  // namespace mantissa::net
