// RFDN: blocks of residual feature distillation with spatial attention, all of them fused at the end.
//
//   fea_conv -> B1 ... Bn -> c (of all, concatenated) -> LeakyReLU -> LR_conv -> + fea_conv -> upsampler
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

std::optional<Enlarging> parameters_of(const ir::StateDict& state) {
  return find_enlarging(state, {"fea_conv", "upsampler.0", "B", 1}, {"B1.c1_d.weight", "LR_conv.weight"});
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Enlarging> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an RFDN");
  Builder b(state, "RFDN", p->channels);
  const ir::ValueId head = b.conv(b.input(), "fea_conv");
  ir::ValueId x = head;
  std::vector<ir::ValueId> all;
  for (int i = 1; i <= p->blocks; ++i) {
    const std::string at = "B" + std::to_string(i) + ".";
    x = esa(b, distill(b, x, at, Kernels::plain), at + "esa.", EsaDepth::three, Kernels::plain);
    all.push_back(x);
  }
  x = b.leaky_relu(b.conv(b.concat(all, "concat"), "c.0"), 0.05F, "c.1");
  x = b.add(b.conv(x, "LR_conv"), head, "sum");
  x = b.pixel_shuffle(b.conv(x, "upsampler.0"), p->scale, "upsampler.1");

  Task task = enlarging_task(p->channels, p->scale);
  task.range_high = 255;
  task.assumed.emplace_back("range 0..255 (as published; training in 0..1 leaves the same keys)");
  return b.finish(x, std::move(task), hyperparameters_of(*p));
}

}  // namespace

constinit const Architecture kRfdn{"RFDN",
                                   "Residual Feature Distillation Network, Liu et al. 2020, arXiv:2009.11551",
                                   "fea_conv.weight B#.c#_d.weight B#.c#_r.bias B#.esa.conv#.weight LR_conv.weight",
                                   recognises,
                                   build,
                                   kEsaHazards};

}  // namespace mantissa::net
