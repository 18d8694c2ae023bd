// SPAN: blocks whose own output decides, without further weights, what they let through.
//
//   (input - mean) * 255 -> conv_1 -> block_1 ... block_n -> conv_2
//   conv_cat of (conv_1, conv_2, block_1, the first activation of block_n) -> upsampler
//   block: c1_r, SiLU, c2_r, SiLU, c3_r = y;  (y + x) * (sigmoid(y) - 0.5)
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

std::optional<Enlarging> parameters_of(const ir::StateDict& state) {
  const auto found = find_enlarging(state, {"conv_1.eval_conv", "upsampler.0", "block_", 1},
                                    {"block_1.c1_r.eval_conv.weight", "conv_cat.weight"});
  return found && found->channels == 3 ? found : std::nullopt;  // their means are three
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Enlarging> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a SPAN");
  Builder b(state, "SPAN", p->channels);
  const auto conv = [&](ir::ValueId x, const std::string& layer) { return b.conv(x, layer + ".eval_conv"); };
  // Nothing is added back at the end.
  ir::ValueId x = b.multiply(b.subtract(b.input(), {kDiv2kMean.begin(), kDiv2kMean.end()}, "mean"), {255}, "range");
  const ir::ValueId head = conv(x, "conv_1");
  std::optional<ir::ValueId> first;
  ir::ValueId early = head;
  x = head;
  for (int i = 1; i <= p->blocks; ++i) {
    const std::string at = "block_" + std::to_string(i) + ".";
    early = b.silu(conv(x, at + "c1_r"), at + "act1");
    ir::ValueId y = conv(b.silu(conv(early, at + "c2_r"), at + "act1"), at + "c3_r");
    const ir::ValueId gate = b.subtract(b.sigmoid(y, at + "sigmoid"), {0.5F}, at + "gate");
    x = b.multiply(b.add(y, x, at + "sum"), gate, at + "attention");
    if (!first) first = x;
  }
  const ir::ValueId last = conv(x, "conv_2");
  x = b.conv(b.concat({head, last, first.value_or(head), early}, "concat"), "conv_cat");
  x = b.pixel_shuffle(b.conv(x, "upsampler.0"), p->scale, "upsampler.1");

  Task task;
  task.kind = "super-resolution";
  task.scale = p->scale;
  return b.finish(x, std::move(task), hyperparameters_of(*p));
}

}  // namespace

constinit const Architecture kSpan{"SPAN", "Swift Parameter-free Attention Network, Wan et al. 2023, arXiv:2311.12770",
                                   "conv_#.eval_conv.weight block_#.c#_r.eval_conv.bias conv_cat.weight", recognises,
                                   build};

}  // namespace mantissa::net
