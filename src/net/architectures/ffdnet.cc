// FFDNet: convolutions at half the size that are told the level of the noise.
//
//   pixel unshuffle by 2, the level as a further channel -> model.0 conv, ReLU ... model.2n conv -> pixel shuffle
//
// Odd sides are made even by repeating the last row or column, which is cut off again at the end.
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr int kFactor = 2;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int convolutions = 0;
};

// The convolutions have the even indices, the ReLU between no keys. The first takes one channel more than the last
// gives: the level.
std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const std::optional<Layers> layers = sequential_layers(state, "model");
  if (!layers || layers->size() < 2) return std::nullopt;
  const auto first = conv_shape(layers->begin()->second);
  const auto last = conv_shape(layers->rbegin()->second);
  if (!first || !last || first->in != last->out + 1 || last->out % (kFactor * kFactor) != 0) return std::nullopt;
  const Parameters found{last->out / kFactor / kFactor, first->out, static_cast<int>(layers->size())};
  if (!colour_of_channels(found.channels) || layers->rbegin()->first != 2 * (found.convolutions - 1))
    return std::nullopt;
  return found;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an FFDNet");
  Builder b(state, "FFDNet", p->channels);
  const ir::ValueId level = b.add_level();
  ir::ValueId x = b.pixel_unshuffle(b.pad_to_multiple(b.input(), kFactor, Padding::edge, "even"), kFactor, "unshuffle");
  x = b.concat({x, spread_level(b, level, x)}, "told");
  for (int i = 0; i < p->convolutions; ++i) {
    x = b.conv(x, "model." + std::to_string(2 * i));
    if (i + 1 < p->convolutions) x = b.relu(x, "model." + std::to_string(2 * i + 1));
  }
  x = b.crop_like(b.pixel_shuffle(x, kFactor, "shuffle"), b.input(), "crop");

  Task task;
  task.kind = "denoising";
  task.colour = *colour_of_channels(p->channels);
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"convolutions", std::to_string(p->convolutions)}});
}

}  // namespace

constinit const Architecture kFfdnet{"FFDNet",
                                     "Fast and Flexible Denoising Network, Zhang et al. 2018, arXiv:1710.04026",
                                     "model.#.weight model.#.bias", recognises, build};

}  // namespace mantissa::net
