// BSRN: the blocks of RFDN in blueprint separable convolutions, with a learned weight for each channel.
//
//   (input four times) -> fea_conv -> B1 ... Bn -> c1 (of all, concatenated) -> GELU -> c2 -> + fea_conv -> upsampler
//   block: distillation -> ESA -> * cw -> conv_out -> + x
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr int kCopies = 4;  // of the input, side by side

std::optional<Enlarging> parameters_of(const ir::StateDict& state) {
  const ir::Tensor* head = state.find("fea_conv.pw.weight");
  const auto tail = conv_shape(state, "upsampler.upsampleOneStep.0");
  if (!is_sound(head) || head->shape.size() != 2 || !tail || !state.find("B1.cw")) return std::nullopt;
  const std::int64_t channels = head->shape[1] / kCopies;
  const auto scale = shuffle_factor(tail->out, channels);
  if (!scale || *scale == 1 || !colour_of_channels(channels)) return std::nullopt;
  return Enlarging{channels, head->shape[0], count_blocks(state, "B", 1), *scale};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Enlarging> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a BSRN");
  Builder b(state, "BSRN", p->channels);
  const auto copies = b.concat(std::vector(kCopies, b.input()), "copies");
  const ir::ValueId head = block_conv(b, copies, "fea_conv", Kernels::blueprint);
  ir::ValueId x = head;
  std::vector<ir::ValueId> all;
  for (int i = 1; i <= p->blocks; ++i) {
    const std::string at = "B" + std::to_string(i) + ".";
    const ir::ValueId before = x;
    x = esa(b, distill(b, x, at, Kernels::blueprint), at + "esa.", EsaDepth::three, Kernels::blueprint);
    x = b.linear(b.multiply_channels(x, at + "cw"), at + "conv_out");
    x = b.add(x, before, at + "sum");
    all.push_back(x);
  }
  x = b.gelu(b.linear(b.concat(all, "concat"), "c1"), "gelu");
  x = b.add(block_conv(b, x, "c2", Kernels::blueprint), head, "sum");
  x = b.pixel_shuffle(b.conv(x, "upsampler.upsampleOneStep.0"), p->scale, "upsampler.upsampleOneStep.1");

  return b.finish(x, enlarging_task(p->channels, p->scale), hyperparameters_of(*p));
}

}  // namespace

constinit const Architecture kBsrn{
    "BSRN",
    "Blueprint Separable Residual Network, Li et al. 2022, arXiv:2205.05996",
    "fea_conv.pw.weight B#.cw B#.c#_r.dw.weight B#.esa.conv_max.pw.weight upsampler.upsampleOneStep.#.weight",
    recognises,
    build,
    kEsaHazards};

}  // namespace mantissa::net
