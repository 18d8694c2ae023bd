// IMDN: blocks that split off channels after each convolution, and weigh all of them by mean and contrast of the whole
// picture.
//
//   fea_conv -> IMDB1 ... IMDBn -> c (all of them) -> LR_conv -> + fea_conv -> upsampler
//   block: c1, c2, c3, of which each leaves as many channels behind as c4 makes; all through cca and c5; then + x
//   cca:   x * conv_du(standard deviation + mean, of each channel)
#include "net/architectures/list.h"
#include "net/blocks.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr float kSlope = 0.05F;

struct Parameters : Enlarging {
  std::int64_t distilled = 0;  // channels that each convolution of a block leaves behind
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto found = find_enlarging(state, {"fea_conv", "upsampler.0", "IMDB", 1}, {"IMDB1.cca.conv_du.0.weight"});
  const auto last = conv_shape(state, "IMDB1.c4");
  if (!found || !last) return std::nullopt;
  return Parameters{*found, last->out};
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

ir::ValueId attention(Builder& b, ir::ValueId x, const std::string& at) {
  const ir::ValueId mean = b.mean_pool(x, at + "mean");
  const ir::ValueId apart = b.subtract(x, mean, at + "apart");
  const ir::ValueId variance = b.mean_pool(b.multiply(apart, apart, at + "squares"), at + "variance");
  const ir::ValueId contrast = b.node("Sqrt", {variance}, at + "contrast", {}, b.shape_of(variance));
  ir::ValueId y = b.conv(b.add(contrast, mean, at + "sum"), at + "conv_du.0");
  y = b.conv(b.relu(y, at + "conv_du.1"), at + "conv_du.2");
  return b.multiply(x, b.sigmoid(y, at + "conv_du.3"), at + "attention");
}

ir::ValueId block(Builder& b, ir::ValueId x, std::int64_t distilled, const std::string& at) {
  std::vector<ir::ValueId> kept;
  ir::ValueId left = x;
  for (const char* step : {"c1", "c2", "c3"}) {
    const std::string layer = at + step;
    const auto [behind, onward] = b.split(b.leaky_relu(b.conv(left, layer), kSlope, layer + "/act"), distilled, layer);
    kept.push_back(behind);
    left = onward;
  }
  kept.push_back(b.conv(left, at + "c4"));
  const ir::ValueId all = attention(b, b.concat(std::move(kept), at + "concat"), at + "cca.");
  return b.add(b.conv(all, at + "c5"), x, at + "sum");
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an IMDN");
  Builder b(state, "IMDN", p->channels);
  const ir::ValueId head = b.conv(b.input(), "fea_conv");
  ir::ValueId x = head;
  std::vector<ir::ValueId> seen;
  for (int i = 1; i <= p->blocks; ++i) {
    x = block(b, x, p->distilled, "IMDB" + std::to_string(i) + ".");
    seen.push_back(x);
  }
  x = b.leaky_relu(b.conv(b.concat(std::move(seen), "concat"), "c.0"), kSlope, "c.1");
  x = b.add(b.conv(x, "LR_conv"), head, "sum");
  x = b.pixel_shuffle(b.conv(x, "upsampler.0"), p->scale, "upsampler.1");
  return b.finish(x, enlarging_task(p->channels, p->scale), hyperparameters_of(*p));
}

}  // namespace

constinit const Architecture kImdn{
    "IMDN",
    "Information Multi-distillation Network, Hui et al. 2019, arXiv:1909.11856",
    "fea_conv.weight IMDB#.c#.weight IMDB#.cca.conv_du.#.weight c.#.weight LR_conv.weight upsampler.#.weight",
    recognises,
    build,
    "mean and contrast of the whole picture, so that a tile is not quite the same part of the whole; their squares and "
    "sums are hard for fp16"};

}  // namespace mantissa::net
