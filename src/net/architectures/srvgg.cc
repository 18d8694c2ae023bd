// SRVGGNetCompact: convolutions at the size of the input, a pixel shuffle, and the input added,
// enlarged by repeating pixels.
//
//   body.0 conv, body.1 activation, ... body.2n conv -> PixelShuffle -> + nearest(input)
#include "net/architectures/list.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int convolutions = 0;  // of the body, as the authors count: without the first and the last
  int scale = 1;
  bool prelu = false;
};

bool is_activation(const Layer& layer, std::int64_t features) {
  return layer.size() == 1 && layer.contains("weight") && has_shape(layer.at("weight"), {features});
}

// The convolutions have the even indices; a PReLU has the odd one after each but the last.
// ReLU and LeakyReLU leave no keys.
std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const std::optional<Layers> layers = sequential_layers(state, "body");
  if (!layers || layers->size() < 2) return std::nullopt;
  const int last = layers->rbegin()->first;
  const std::optional<ConvShape> first = conv_shape(layers->begin()->second);
  if (!first || last % 2 != 0) return std::nullopt;
  Parameters found{first->in, first->out, last / 2 - 1, 1, layers->contains(1)};
  if (!colour_of_channels(found.channels)) return std::nullopt;

  const std::size_t expected =
      found.prelu ? static_cast<std::size_t>(last) + 1 : static_cast<std::size_t>(last) / 2 + 1;
  if (layers->size() != expected) return std::nullopt;
  for (const auto& [index, layer] : *layers) {
    if (index % 2 == 1) {
      if (!found.prelu || !is_activation(layer, found.features)) return std::nullopt;
      continue;
    }
    const std::optional<ConvShape> conv = conv_shape(layer);
    if (!conv || !conv->bias || layer.size() != 2 || conv->height != 3 || conv->width != 3) return std::nullopt;
    if (conv->in != (index == 0 ? found.channels : found.features)) return std::nullopt;
    if (index != last && conv->out != found.features) return std::nullopt;
    if (index == last) {
      const std::optional<int> scale = shuffle_factor(conv->out, found.channels);
      if (!scale) return std::nullopt;
      found.scale = *scale;
    }
  }
  return found;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an SRVGGNetCompact");
  Builder builder(state, "SRVGGNetCompact", p->channels);
  ir::ValueId x = builder.input();
  const int last = 2 * (p->convolutions + 1);
  for (int index = 0; index <= last; index += 2) {
    x = builder.conv(x, "body." + std::to_string(index));
    if (index == last) break;
    const std::string activation = "body." + std::to_string(index + 1);
    x = p->prelu ? builder.prelu(x, activation) : builder.relu(x, activation);
  }
  x = builder.pixel_shuffle(x, p->scale, "upsampler");
  x = builder.add(x, builder.upsample(builder.input(), p->scale, Interpolation::nearest, "base"), "sum");

  Task task = enlarging_task(p->channels, p->scale);
  if (!p->prelu) task.assumed.emplace_back("activation ReLU (a LeakyReLU of 0.1 leaves the same keys)");
  return builder.finish(x, std::move(task),
                        {{"channels", std::to_string(p->channels)},
                         {"features", std::to_string(p->features)},
                         {"convolutions", std::to_string(p->convolutions)},
                         {"scale", std::to_string(p->scale)},
                         {"activation", p->prelu ? "prelu" : "relu"}});
}

}  // namespace

constinit const Architecture kSrvgg{"SRVGGNetCompact", "Real-ESRGAN, Wang et al. 2021, arXiv:2107.10833",
                                    "body.#.weight body.#.bias", recognises, build};

}  // namespace mantissa::net
