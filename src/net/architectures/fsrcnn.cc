// FSRCNN: narrow convolutions at the size of the input, enlarged at the very end by a transposed convolution.
//
//   feature_extract, PReLU -> shrink, PReLU -> map_1 ... map_m, PReLU -> expand, PReLU -> deconv -> clip
//
// The kernel of the last layer is 9x9 at every scale, so that keys and shapes leave the scale open. The weights tell
// it: a flat grey picture stays grey at the right scale only, because at another one more or fewer of the kernel's
// elements meet in a pixel.
#include <algorithm>
#include <array>
#include <cmath>

#include "net/architectures/list.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kKernel = 9;
constexpr std::array kScales{2, 3, 4};
constexpr double kGrey = 0.5;

struct Parameters {
  std::int64_t channels = 0;
  std::int64_t features = 0;
  std::int64_t narrow = 0;
  int maps = 0;
};

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  const auto head = conv_shape(state, "feature_extract");
  const auto shrink = conv_shape(state, "shrink");
  const auto expand = conv_shape(state, "expand");
  if (!head || !shrink || !expand || expand->out != head->out || !colour_of_channels(head->in)) return std::nullopt;
  if (!has_shape(state.find("deconv.weight"), {head->out, head->in, kKernel, kKernel})) return std::nullopt;
  Parameters found{head->in, head->out, shrink->out, 0};
  while (state.find("map_" + std::to_string(found.maps + 1) + ".weight")) ++found.maps;
  return found.maps > 0 ? std::optional(found) : std::nullopt;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

std::string map_layer(int index) { return "map_" + std::to_string(index); }

// What a flat picture becomes, a number for each channel. The state dict has been built, so that its shapes fit.
class FlatPicture {
 public:
  FlatPicture(const ir::StateDict& state, double grey, std::int64_t channels)
      : state_(state), values_(static_cast<std::size_t>(channels), grey) {}

  void conv(const std::string& layer) {
    const std::vector<float> weight = floats(layer + ".weight");
    const std::vector<float> bias = floats(layer + ".bias");
    std::vector<double> out(static_cast<std::size_t>(state_.find(layer + ".weight")->shape[0]));
    const std::size_t taps = weight.size() / out.size() / values_.size();
    for (std::size_t i = 0; i < weight.size(); ++i) {
      out[i / taps / values_.size()] += weight[i] * values_[i / taps % values_.size()];
    }
    for (std::size_t o = 0; o < bias.size(); ++o) out[o] += bias[o];
    values_ = std::move(out);
  }

  void prelu(const std::string& layer) {
    const std::vector<float> slope = floats(layer + ".weight");
    for (std::size_t c = 0; c < values_.size(); ++c) values_[c] *= values_[c] < 0 ? slope[c] : 1;
  }

  // How far the enlarged picture is from `grey`, in the mean over its pixels.
  [[nodiscard]] double error_of(int scale, double grey) const {
    const std::vector<float> weight = floats("deconv.weight");
    const std::vector<float> bias = floats("deconv.bias");  // one that does not fit is refused when the layer is built
    const std::size_t kernel = kKernel;
    const std::size_t outputs = weight.size() / kernel / kernel / values_.size();
    const auto phases = static_cast<std::size_t>(scale);
    std::vector<double> sums(outputs * phases * phases);
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::size_t phase = i / kernel % kernel % phases * phases + i % kernel % phases;
      sums[i / kernel / kernel % outputs * phases * phases + phase] +=
          weight[i] * values_[i / kernel / kernel / outputs];
    }
    double error = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      error += std::abs(sums[i] + (bias.size() == outputs ? bias[i / phases / phases] : 0) - grey);
    }
    return error / static_cast<double>(sums.size());
  }

 private:
  [[nodiscard]] std::vector<float> floats(const std::string& key) const {
    const ir::Tensor* tensor = state_.find(key);
    if (!tensor) return {};
    auto values = tensor->floats();
    return values ? *std::move(values) : std::vector<float>{};
  }

  const ir::StateDict& state_;
  std::vector<double> values_;
};

// Errors (unsupported): two scales keep grey about equally well.
Result<int> scale_of(const ir::StateDict& state, const Parameters& p) {
  FlatPicture flat(state, kGrey, p.channels);
  flat.conv("feature_extract");
  flat.prelu("activation_1");
  flat.conv("shrink");
  flat.prelu("activation_2");
  for (int i = 1; i <= p.maps; ++i) flat.conv(map_layer(i));
  flat.prelu("activation_3");
  flat.conv("expand");
  flat.prelu("activation_4");
  std::array<double, kScales.size()> errors{};
  for (std::size_t s = 0; s < errors.size(); ++s) errors[s] = flat.error_of(kScales[s], kGrey);
  const auto* const best = std::min_element(errors.begin(), errors.end());
  const auto near = [&](double error) { return !(error > 2 * *best); };
  if (std::count_if(errors.begin(), errors.end(), near) != 1) {
    return unsupported("its weights do not tell whether it enlarges 2, 3 or 4 times",
                       "Export the network to ONNX with torch.onnx.export and give that file instead");
  }
  return kScales[static_cast<std::size_t>(best - errors.begin())];
}

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of an FSRCNN");
  Builder b(state, "FSRCNN", p->channels);
  ir::ValueId x = b.prelu(b.conv(b.input(), "feature_extract"), "activation_1");
  x = b.prelu(b.conv(x, "shrink"), "activation_2");
  for (int i = 1; i <= p->maps; ++i) x = b.conv(x, map_layer(i));
  x = b.prelu(x, "activation_3");
  x = b.prelu(b.conv(x, "expand"), "activation_4");
  int scale = 1;
  if (!b.failed()) {
    MANTISSA_ASSIGN(scale, scale_of(state, *p).in("architecture FSRCNN"));
  }
  x = b.conv_transpose(x, "deconv", scale);
  x = b.clip(x, 0, 1, "clip");

  Task task;
  task.kind = "super-resolution";
  // With three channels it is trained on YCbCr (Nhat-Thanh/FSRCNN-Pytorch, neuralnet.py and its utils).
  task.colour = p->channels == 1 ? Colour::luminance : Colour::ycbcr;
  task.scale = scale;
  return b.finish(x, std::move(task),
                  {{"channels", std::to_string(p->channels)},
                   {"features", std::to_string(p->features)},
                   {"narrow_features", std::to_string(p->narrow)},
                   {"mapping_layers", std::to_string(p->maps)},
                   {"scale", std::to_string(scale)}});
}

}  // namespace

constinit const Architecture kFsrcnn{
    "FSRCNN", "Accelerating the Super-Resolution CNN, Dong et al. 2016, arXiv:1608.00367",
    "feature_extract.weight activation_#.weight shrink.weight map_#.bias expand.weight deconv.weight", recognises,
    build};

}  // namespace mantissa::net
