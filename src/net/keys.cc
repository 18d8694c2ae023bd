#include "net/keys.h"

#include <algorithm>
#include <charconv>

#include "base/number_format.h"

namespace mantissa::net {
namespace {

// Wrappers deeper than this do not occur; the limit keeps a hostile key from costing a copy of the dict per dot.
constexpr int kDeepestPrefix = 4;

std::optional<ConvShape> conv_shape(const ir::Tensor* weight, const ir::Tensor* bias) {
  if (!is_sound(weight) || weight->shape.size() != 4) return std::nullopt;
  const ConvShape shape{weight->shape[0], weight->shape[1], weight->shape[2], weight->shape[3], bias != nullptr};
  if (shape.height % 2 == 0 || shape.width % 2 == 0) return std::nullopt;
  if (bias && !has_shape(bias, {shape.out})) return std::nullopt;
  return shape;
}

const ir::Tensor* find(const Layer& layer, std::string_view name) {
  const auto found = layer.find(name);
  return found == layer.end() ? nullptr : found->second;
}

// "12.weight" -> 12, and "weight" is left in `rest`.
std::optional<int> take_index(std::string_view& rest) {
  int index = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
  if (error != std::errc() || index < 0 || end == rest.data() + rest.size() || *end != '.') return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  return index;
}

}  // namespace

bool is_sound(const ir::Tensor* tensor) {
  return tensor && base::is_floating(tensor->format) && tensor->count() > 0 && tensor->fits();
}

bool has_shape(const ir::Tensor* tensor, std::initializer_list<std::int64_t> shape) {
  return is_sound(tensor) && std::equal(tensor->shape.begin(), tensor->shape.end(), shape.begin(), shape.end());
}

std::optional<ConvShape> conv_shape(const ir::StateDict& state, const std::string& layer) {
  return conv_shape(state.find(layer + ".weight"), state.find(layer + ".bias"));
}

std::optional<ConvShape> conv_shape(const Layer& layer) {
  return conv_shape(find(layer, "weight"), find(layer, "bias"));
}

std::optional<Layers> sequential_layers(const ir::StateDict& state, std::string_view root) {
  Layers layers;
  for (const auto& [key, tensor] : state.tensors) {
    std::string_view rest = key;
    if (!rest.starts_with(root) || rest.size() <= root.size() || rest[root.size()] != '.') return std::nullopt;
    rest.remove_prefix(root.size() + 1);
    const std::optional<int> index = take_index(rest);
    if (!index) return std::nullopt;
    // The same layer under two spellings ("01.weight") is no module list's.
    if (!layers[*index].emplace(rest, &tensor).second) return std::nullopt;
  }
  if (layers.empty()) return std::nullopt;
  return layers;
}

std::optional<int> shuffle_factor(std::int64_t from, std::int64_t to) {
  for (int factor = 1; factor <= 16; ++factor) {
    if (to <= from && to * factor * factor == from) return factor;
  }
  return std::nullopt;
}

std::vector<View> views_of(const ir::StateDict& state) {
  std::vector<View> views{{"", state}};
  // torch.optim.swa_utils.AveragedModel counts what it averaged, beside "module.".
  std::erase_if(views.front().state.tensors, [](const auto& entry) { return entry.first == "n_averaged"; });
  for (int depth = 0; depth < kDeepestPrefix && !state.tensors.empty(); ++depth) {
    const ir::StateDict& last = views.back().state;
    const std::string& first = last.tensors.front().first;
    const std::size_t dot = first.find('.');
    if (dot == std::string::npos) break;
    const std::string segment = first.substr(0, dot + 1);
    const auto shared = [&](const auto& entry) { return entry.first.starts_with(segment); };
    if (!std::all_of(last.tensors.begin(), last.tensors.end(), shared)) break;
    View next{views.back().prefix + segment, {state.wrappers, {}}};
    for (const auto& [key, tensor] : last.tensors) next.state.tensors.emplace_back(key.substr(segment.size()), tensor);
    views.push_back(std::move(next));
  }
  return views;
}

}  // namespace mantissa::net
