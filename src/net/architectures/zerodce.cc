// Zero-DCE: a small network finds, for each pixel, the curves that brighten it step by step.
//
//   e_conv1 ... e_conv4 (ReLU); e_conv5 of (3, 4), e_conv6 of (2, 5), e_conv7 of (1, 6) -> tanh = r_1, ..., r_n
//   x <- x + r_i * (x^2 - x), n times
#include "net/architectures/list.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int curves = 0;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "e_conv1");
  const auto tail = conv_shape(state, "e_conv7");
  if (!head || !tail || !colour_of_channels(head->in) || tail->out % head->in != 0) return std::nullopt;
  const std::int64_t curves = tail->out / head->in;
  if (curves < 1 || curves > 64) return std::nullopt;
  return Parameters{head->in, head->out, static_cast<int>(curves)};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a Zero-DCE");
  Builder b(state, "Zero-DCE", p->channels);
  const auto layer = [&](ir::ValueId in, int index) {
    return b.relu(b.conv(in, "e_conv" + std::to_string(index)), "relu");
  };
  const ir::ValueId one = layer(b.input(), 1);
  const ir::ValueId two = layer(one, 2);
  const ir::ValueId three = layer(two, 3);
  const ir::ValueId four = layer(three, 4);
  const ir::ValueId five = layer(b.concat({three, four}, "concat"), 5);
  const ir::ValueId six = layer(b.concat({two, five}, "concat"), 6);
  const ir::ValueId curves = b.tanh(b.conv(b.concat({one, six}, "concat"), "e_conv7"), "tanh");
  ir::ValueId x = b.input();
  for (const ir::ValueId curve : b.chunks(curves, p->curves, "curve")) {
    const ir::ValueId bent = b.subtract(b.multiply(x, x, "square"), x, "bend");
    x = b.add(x, b.multiply(curve, bent, "step"), "brighter");
  }

  Task task;
  task.kind = "low-light enhancement";
  task.colour = *colour_of_channels(p->channels);
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"curves", std::to_string(p->curves)}});
}

}  // namespace

constinit const Architecture kZerodce{"Zero-DCE",
                                      "Zero-Reference Deep Curve Estimation, Guo et al. 2020, arXiv:2001.06826",
                                      "e_conv#.weight e_conv#.bias", recognises, build};

}  // namespace mantissa::net
