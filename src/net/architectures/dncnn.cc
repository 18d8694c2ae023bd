// DnCNN: convolutions with ReLU, with or without batch normalization, that find the noise;
// it is subtracted from the input.
//
//   root.0 conv, root.1 ReLU, (conv, [batch normalization], ReLU) ..., last conv;  output = input - root(input)
#include "net/architectures/list.h"
#include "net/builder.h"
#include "net/keys.h"

namespace mantissa::net {
namespace {

// The roots of the published codes, and the epsilon of their normalization: cszn/KAIR models/basicblock.py and
// SaoYan/DnCNN-PyTorch models.py (torch's default).
struct Form {
  std::string_view root;
  double epsilon;
};
constexpr Form kForms[] = {{"model", 1e-4}, {"dncnn", 1e-5}};

struct Step {
  int conv = 0;
  std::optional<int> norm;
};

struct Parameters {
  Form form{};
  std::int64_t channels = 0;
  std::int64_t features = 0;
  std::vector<Step> steps;
  bool normalized = false;
};

bool is_norm(const Layer& layer, std::int64_t features) {
  const std::size_t counters = layer.contains("num_batches_tracked") ? 1 : 0;
  if (layer.size() != 4 + counters) return false;
  for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
    const auto found = layer.find(name);
    if (found == layer.end() || !has_shape(found->second, {features})) return false;
  }
  return true;
}

std::optional<Parameters> parameters_of(const ir::StateDict& state, const Form& form) {
  const std::optional<Layers> layers = sequential_layers(state, form.root);
  if (!layers || layers->size() < 2) return std::nullopt;
  const int last = layers->rbegin()->first;
  Parameters found;
  found.form = form;
  for (auto at = layers->begin(); at != layers->end(); ++at) {
    const auto& [index, layer] = *at;
    const std::optional<ConvShape> conv = conv_shape(layer);
    if (!conv || conv->height != 3 || conv->width != 3 || layer.size() != (conv->bias ? 2 : 1)) return std::nullopt;
    if (found.steps.empty()) {
      found.channels = conv->in;
      found.features = conv->out;
    }
    const bool is_first = found.steps.empty();
    if (conv->in != (is_first ? found.channels : found.features)) return std::nullopt;
    if (conv->out != (index == last ? found.channels : found.features)) return std::nullopt;

    Step step{index, std::nullopt};
    const auto next = std::next(at);
    if (next != layers->end() && next->first == index + 1) {
      if (!is_norm(next->second, found.features)) return std::nullopt;
      step.norm = (at = next)->first;
    }
    // The ReLU between has an index and no keys; nothing else may be skipped.
    const auto following = std::next(at);
    if (following == layers->end() ? index != last : following->first != at->first + 2) return std::nullopt;
    const bool between = !is_first && index != last;
    if (step.norm && !between) return std::nullopt;
    if (between && found.steps.size() > 1 && found.normalized != step.norm.has_value()) return std::nullopt;
    if (between) found.normalized = step.norm.has_value();
    found.steps.push_back(step);
  }
  if (layers->begin()->first != 0 || !colour_of_channels(found.channels)) return std::nullopt;
  return found;
}

std::optional<Parameters> parameters_of(const ir::StateDict& state) {
  for (const Form& form : kForms) {
    if (auto found = parameters_of(state, form)) return found;
  }
  return std::nullopt;
}

bool recognises(const ir::StateDict& state) { return parameters_of(state).has_value(); }

Result<Network> build(const ir::StateDict& state) {
  const std::optional<Parameters> p = parameters_of(state);
  if (!p) return unsupported("these are not the weights of a DnCNN");
  Builder builder(state, "DnCNN", p->channels);
  const auto layer = [&](int index) { return std::string(p->form.root) + "." + std::to_string(index); };
  ir::ValueId x = builder.input();
  for (const Step& step : p->steps) {
    x = step.norm ? builder.conv_batch_norm(x, layer(step.conv), layer(*step.norm), p->form.epsilon)
                  : builder.conv(x, layer(step.conv));
    if (&step != &p->steps.back()) x = builder.relu(x, layer(step.norm.value_or(step.conv) + 1));
  }
  x = builder.subtract(builder.input(), x, "clean");

  Task task;
  task.kind = "denoising";
  task.colour = *colour_of_channels(p->channels);
  // IRCNN of the same authors has the same keys and shapes and dilated convolutions.
  if (p->steps.size() == 7 && !p->normalized && p->form.root == "model") {
    task.assumed.emplace_back("architecture DnCNN (an IRCNN leaves the same keys)");
  }
  return builder.finish(x, std::move(task),
                        {{"channels", std::to_string(p->channels)},
                         {"features", std::to_string(p->features)},
                         {"convolutions", std::to_string(p->steps.size())},
                         {"batch_normalization", p->normalized ? "folded" : "none"}});
}

}  // namespace

constinit const Architecture kDncnn{"DnCNN", "Beyond a Gaussian Denoiser, Zhang et al. 2017, arXiv:1608.03981",
                                    "model.#.weight model.#.bias dncnn.#.running_mean", recognises, build};

}  // namespace mantissa::net
