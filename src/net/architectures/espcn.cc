// ESPCN: three convolutions with tanh between them, a pixel shuffle, and a clip to 0..1.
//
//   conv_1 -> tanh -> conv_2 -> tanh -> conv_3 -> PixelShuffle -> clip
#include "net/architectures/list.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int scale = 1;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  if (state.tensors.size() != 6) return std::nullopt;
  std::int64_t before = 0;
  Parameters found;
  for (const char* layer : {"conv_1", "conv_2", "conv_3"}) {
    const std::optional<ConvShape> conv = conv_shape(state, layer);
    if (!conv || !conv->bias) return std::nullopt;
    if (before == 0) {
      found.channels = conv->in;
      found.features = conv->out;
    } else if (conv->in != before) {
      return std::nullopt;
    }
    before = conv->out;
  }
  const std::optional<int> scale = shuffle_factor(before, found.channels);
  if (!scale || *scale == 1 || !colour_of_channels(found.channels)) return std::nullopt;
  found.scale = *scale;
  return found;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an ESPCN");
  Builder builder(state, "ESPCN", p->channels);
  ir::ValueId x = builder.conv(builder.input(), "conv_1");
  x = builder.tanh(x, "tanh_1");
  x = builder.conv(x, "conv_2");
  x = builder.tanh(x, "tanh_2");
  x = builder.conv(x, "conv_3");
  x = builder.pixel_shuffle(x, p->scale, "pixel_shuffle");
  x = builder.clip(x, 0, 1, "clip");

  Task task;
  task.kind = "super-resolution";
  // With three channels it is trained on YCbCr (Nhat-Thanh/ESPCN-Pytorch, neuralnet.py and its utils).
  task.colour = p->channels == 1 ? Colour::luminance : Colour::ycbcr;
  task.scale = p->scale;
  return builder.finish(x, std::move(task),
                        {{"channels", std::to_string(p->channels)},
                         {"features", std::to_string(p->features)},
                         {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kEspcn{
    "ESPCN", "Real-Time Single Image and Video Super-Resolution, Shi et al. 2016, arXiv:1609.05158",
    "conv_#.weight conv_#.bias", recognises, build};

}  // namespace mantissa::net
