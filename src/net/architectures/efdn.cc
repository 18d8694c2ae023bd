// EFDN as it is deployed, with its edge-enhanced convolutions folded: four cells, fused in pairs, and a clip to 0..1.
//
//   head -> cells.0 -> cells.1 -> local_fuse.0 (of 0 and 1) -> cells.2 -> local_fuse.1 (of 1 and 2) -> cells.3
//        -> local_fuse.2 (of 1 and 3) -> + head -> tail -> clip
//   cell: (conv, PReLU) x 3; what goes in and each of the three through a 1x1 branch, fused -> ESA -> + x
#include "net/architectures/list.h"
#include "net/blocks.h"
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
  const auto head = conv_shape(state, "head");
  const auto tail = conv_shape(state, "tail.0");
  if (!head || !tail || !state.find("cells.0.conv2.rep_conv.weight") || !state.find("local_fuse.0.weight"))
    return std::nullopt;
  const auto scale = shuffle_factor(tail->out, head->in);
  if (!scale || *scale == 1 || !colour_of_channels(head->in)) return std::nullopt;
  return Parameters{head->in, head->out, *scale};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId cell(Builder& b, ir::ValueId in, int index) {
  const std::string at = "cells." + std::to_string(index) + ".";
  ir::ValueId x = in;
  std::vector<ir::ValueId> branches{b.conv(x, at + "branch.0")};
  for (const auto& [layer, conv] : {std::pair{"conv1", "conv1x1"}, {"conv2", "rep_conv"}, {"conv3", "rep_conv"}}) {
    x = b.prelu(b.conv(x, at + layer + "." + conv), at + layer + ".act");
    branches.push_back(b.conv(x, at + "branch." + std::to_string(branches.size())));
  }
  x = b.conv(b.concat(std::move(branches), at + "concat"), at + "fuse");
  return b.add(esa(b, x, at + "att.", EsaDepth::three, Kernels::plain), in, at + "sum");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an EFDN");
  Builder b(state, "EFDN", p->channels);
  const auto fuse = [&](ir::ValueId first, ir::ValueId second, const std::string& index) {
    return b.conv(b.concat({first, second}, "concat." + index), "local_fuse." + index);
  };
  const ir::ValueId head = b.conv(b.input(), "head");
  const ir::ValueId zero = cell(b, head, 0);
  const ir::ValueId one = cell(b, zero, 1);
  const ir::ValueId two = cell(b, fuse(zero, one, "0"), 2);
  const ir::ValueId three = cell(b, fuse(one, two, "1"), 3);
  ir::ValueId x = b.add(fuse(one, three, "2"), head, "sum");
  x = b.pixel_shuffle(b.conv(x, "tail.0"), p->scale, "tail.1");
  x = b.clip(x, 0, 1, "clip");

  return b.finish(x, enlarging_task(p->channels, p->scale),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"scale", std::to_string(p->scale)}});
}

}  // namespace

constinit const Architecture kEfdn{"EFDN",
                                   "Edge-enhanced Feature Distillation Network, Wang 2022, arXiv:2204.08759",
                                   "head.weight cells.#.conv#.rep_conv.weight cells.#.branch.#.bias "
                                   "cells.#.att.conv#.weight local_fuse.#.weight tail.#.bias",
                                   recognises,
                                   build,
                                   kEsaHazards};

}  // namespace mantissa::net
