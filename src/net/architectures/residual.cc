// EDSR and SRResNet (MSRResNet), as BasicSR writes them: the same residual blocks, enlarged in two ways.
//
//   EDSR:     (input - mean) * 255 -> conv_first -> body -> conv_after_body -> + conv_first -> upsample -> conv_last
//             -> / 255 + mean
//   SRResNet: conv_first, LeakyReLU -> body -> (upconv, pixel shuffle, LeakyReLU) ... -> conv_hr,
//             LeakyReLU -> conv_last -> + bilinear(input)
//   block:    x + conv2(ReLU(conv1))
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kSlope = 0.1F;
constexpr std::size_t kMostStages = 4;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  int blocks = 0;
  std::vector<std::pair<std::string, int>> stages;  // that enlarge: layer and factor
  int scale = 1;
};

// What both have; `stage(i)` names the i-th layer that enlarges.
template <class Stage>
std::optional<Parameters> parameters_of(const ir::StateDict& state, Stage stage) {
  const auto first = conv_shape(state, "conv_first");
  if (!first || !state.find("body.0.conv1.weight") || !colour_of_channels(first->in)) return std::nullopt;
  Parameters found{first->in, first->out, count_blocks(state, "body.", 0), {}, 1};
  while (found.stages.size() < kMostStages) {
    const auto conv = conv_shape(state, stage(found.stages.size()));
    if (!conv) break;
    const auto factor = shuffle_factor(conv->out, found.features);
    if (!factor || *factor == 1) return std::nullopt;
    found.stages.emplace_back(stage(found.stages.size()), *factor);
    found.scale *= *factor;
  }
  return found.stages.empty() ? std::nullopt : std::optional(std::move(found));
}

std::optional<Parameters> edsr_of(const ir::StateDict& state) {
  if (!state.find("conv_after_body.weight")) return std::nullopt;
  const auto found = parameters_of(state, [](std::size_t i) { return "upsample." + std::to_string(2 * i); });
  return found && found->channels == 3 ? found : std::nullopt;
}

std::optional<Parameters> srresnet_of(const ir::StateDict& state) {
  if (!state.find("conv_hr.weight")) return std::nullopt;
  return parameters_of(state, [](std::size_t i) { return "upconv" + std::to_string(i + 1); });
}

ir::ValueId body(Builder& b, ir::ValueId x, int blocks) {
  for (int i = 0; i < blocks; ++i) {
    const std::string at = "body." + std::to_string(i) + ".";
    x = b.add(b.conv(b.relu(b.conv(x, at + "conv1"), at + "relu"), at + "conv2"), x, at + "sum");
  }
  return x;
}

Result<Network> finish(Builder& b, ir::ValueId x, const Parameters& p) {
  return b.finish(x, enlarging_task(p.channels, p.scale),
                  {{"channels", std::to_string(p.channels)},
                   {"features", std::to_string(p.features)},
                   {"blocks", std::to_string(p.blocks)},
                   {"scale", std::to_string(p.scale)}});
}

bool recognises_edsr(const ir::StateDict& state) { return edsr_of(state).has_value(); }

Result<Network> build_edsr(const ir::StateDict& state) {
  const std::optional<Parameters> p = edsr_of(state);
  if (!p) return unsupported("these are not the weights of an EDSR");
  Builder b(state, "EDSR", p->channels);
  const ir::ValueId head = b.conv(
      b.multiply(b.subtract(b.input(), {kDiv2kMean.begin(), kDiv2kMean.end()}, "mean"), {255}, "range"), "conv_first");
  ir::ValueId x = b.add(b.conv(body(b, head, p->blocks), "conv_after_body"), head, "sum");
  for (const auto& [layer, factor] : p->stages) x = b.pixel_shuffle(b.conv(x, layer), factor, layer + "/shuffle");
  x = b.add(b.multiply(b.conv(x, "conv_last"), {1 / 255.0F}, "range_again"), {kDiv2kMean.begin(), kDiv2kMean.end()},
            "mean_again");
  return finish(b, x, *p);
}

bool recognises_srresnet(const ir::StateDict& state) { return srresnet_of(state).has_value(); }

Result<Network> build_srresnet(const ir::StateDict& state) {
  const std::optional<Parameters> p = srresnet_of(state);
  if (!p) return unsupported("these are not the weights of an SRResNet");
  Builder b(state, "SRResNet", p->channels);
  ir::ValueId x = body(b, b.leaky_relu(b.conv(b.input(), "conv_first"), kSlope, "act"), p->blocks);
  for (const auto& [layer, factor] : p->stages)
    x = b.leaky_relu(b.pixel_shuffle(b.conv(x, layer), factor, layer + "/shuffle"), kSlope, "act");
  x = b.conv(b.leaky_relu(b.conv(x, "conv_hr"), kSlope, "act"), "conv_last");
  x = b.add(x, b.upsample(b.input(), p->scale, Interpolation::bilinear, "base"), "sum");
  return finish(b, x, *p);
}

}  // namespace

constinit const Architecture kEdsr{"EDSR", "Enhanced Deep Residual Networks, Lim et al. 2017, arXiv:1707.02921",
                                   "conv_first.weight body.#.conv#.weight conv_after_body.weight upsample.#.weight",
                                   recognises_edsr, build_edsr};
constinit const Architecture kSrresnet{"SRResNet", "SRGAN, Ledig et al. 2017, arXiv:1609.04802",
                                       "conv_first.weight body.#.conv#.weight upconv#.weight conv_hr.weight",
                                       recognises_srresnet, build_srresnet};

}  // namespace mantissa::net
