// RLFN: blocks of three convolutions with a short way around them and spatial attention.
//
//   conv_1 -> block_1 ... block_n -> conv_2 -> + conv_1 -> upsampler
//   block: (c_r, LeakyReLU) x 3 -> + x -> c5 -> ESA with a single convolution
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

struct Parameters : Enlarging {
  std::int64_t inner = 0;  // channels inside a block
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto found = find_enlarging(state, {"conv_1", "upsampler.0", "block_", 1}, {"block_1.esa.conv1.weight"});
  const auto inner = conv_shape(state, "block_1.c1_r");
  if (!found || !inner) return std::nullopt;
  return Parameters{*found, inner->out};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an RLFN");
  Builder b(state, "RLFN", p->channels);
  const ir::ValueId head = b.conv(b.input(), "conv_1");
  ir::ValueId x = head;
  for (int i = 1; i <= p->blocks; ++i) {
    const std::string at = "block_" + std::to_string(i) + ".";
    const ir::ValueId before = x;
    for (const char* layer : {"c1_r", "c2_r", "c3_r"}) x = b.leaky_relu(b.conv(x, at + layer), 0.05F, at + "act");
    x = b.conv(b.add(x, before, at + "sum"), at + "c5");
    x = esa(b, x, at + "esa.", EsaDepth::one, Kernels::plain);
  }
  x = b.add(b.conv(x, "conv_2"), head, "sum");
  x = b.pixel_shuffle(b.conv(x, "upsampler.0"), p->scale, "upsampler.1");

  Task task = enlarging_task(p->channels, p->scale);
  task.range_high = 255;
  task.assumed.emplace_back("range 0..255 (as published; training in 0..1 leaves the same keys)");
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"block_features", std::to_string(p->inner)},
                   {"blocks", std::to_string(p->blocks)},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kRlfn{"RLFN",
                                   "Residual Local Feature Network, Kong et al. 2022, arXiv:2205.07514",
                                   "conv_#.weight block_#.c#_r.weight block_#.c#.bias block_#.esa.conv_f.weight",
                                   recognises,
                                   build,
                                   kEsaHazards};

}  // namespace mantissa::net
