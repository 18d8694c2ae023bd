// Questions that architectures ask a state dict. What was read is hostile,
// so each answer implies that the tensor is sound:
// a floating format, positive sizes, and as many bytes as its shape says.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/state_dict.h"

namespace mantissa::net {

[[nodiscard]] bool is_sound(const ir::Tensor* tensor);
[[nodiscard]] bool has_shape(const ir::Tensor* tensor, std::initializer_list<std::int64_t> shape);

// A two-dimensional convolution with stride 1 whose odd kernel keeps the size of the picture.
struct ConvShape {
  std::int64_t out = 0;
  std::int64_t in = 0;  // per group
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool bias = false;
};
// nullopt: `<layer>.weight` is missing or is no such convolution, or `<layer>.bias` does not fit it.
[[nodiscard]] std::optional<ConvShape> conv_shape(const ir::StateDict& state, const std::string& layer);

// The layers of a torch.nn.Sequential or ModuleList called `root`: "body.12.weight" is tensors["weight"] of layer 12.
using Layer = std::map<std::string, const ir::Tensor*, std::less<>>;
using Layers = std::map<int, Layer>;
// nullopt when a key of the state dict is not of this form; so is an empty state dict.
[[nodiscard]] std::optional<Layers> sequential_layers(const ir::StateDict& state, std::string_view root);
// The same question of one layer of it.
[[nodiscard]] std::optional<ConvShape> conv_shape(const Layer& layer);

// The factor of a pixel shuffle that turns `from` channels into `to`; nullopt when there is none or it is over 16.
[[nodiscard]] std::optional<int> shuffle_factor(std::int64_t from, std::int64_t to);

// The state dict as it is (but for the count of an average), then without the leading segment that all its keys share
// ("module."), and so on.
struct View {
  std::string prefix;  // that was taken away, with its dot
  ir::StateDict state;
};
[[nodiscard]] std::vector<View> views_of(const ir::StateDict& state);

}  // namespace mantissa::net
