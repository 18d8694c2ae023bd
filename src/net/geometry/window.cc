// Operators that slide a window over the picture: convolutions and pools.
#include <algorithm>
#include <array>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

using Integers = std::vector<std::int64_t>;
constexpr std::int64_t kLargestAttribute = 1 << 20;

// One axis of a window.
struct Window {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t begin = 0;  // padding
  std::int64_t end = 0;
  std::int64_t output_padding = 0;  // of a transposed convolution
  bool round_up = false;
  bool same = false;  // padding is found from the size, so that the output has size/stride
  bool same_lower = false;

  [[nodiscard]] std::int64_t reach() const { return (kernel - 1) * dilation; }
};

bool usable(const Window& w) {
  const auto small = [](std::int64_t v) { return v >= 0 && v <= kLargestAttribute; };
  return w.kernel >= 1 && w.stride >= 1 && w.dilation >= 1 && w.kernel * w.dilation <= kLargestAttribute &&
         w.stride <= kLargestAttribute && small(w.begin) && small(w.end) && small(w.output_padding);
}

// The windows along the axes behind batch and channels. Errors: attributes of the wrong length or beyond reason.
Result<std::vector<Window>> windows_of(Walk& walk, ir::NodeId node, const Integers& kernel) {
  const ir::Graph& graph = walk.graph();
  const std::size_t axes = kernel.size();
  const Integers ones(axes, 1);
  const Integers strides = graph.integers(node, "strides", ones);
  const Integers dilations = graph.integers(node, "dilations", ones);
  const Integers pads = graph.integers(node, "pads", Integers(2 * axes, 0));
  const Integers extra = graph.integers(node, "output_padding", Integers(axes, 0));
  const std::string automatic = graph.text(node, "auto_pad", "NOTSET");
  if (strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes || extra.size() != axes) {
    return walk.shapes_do_not_fit(node);
  }
  std::vector<Window> windows(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    Window& w = windows[i];
    if (kernel[i] > kLargestAttribute || dilations[i] > kLargestAttribute) return walk.shapes_do_not_fit(node);
    w = {kernel[i],
         strides[i],
         dilations[i],
         pads[i],
         pads[axes + i],
         extra[i],
         graph.integer(node, "ceil_mode", 0) != 0,
         automatic.starts_with("SAME"),
         automatic == "SAME_LOWER"};
    if (automatic == "VALID") w.begin = w.end = 0;
    if (!usable(w)) return walk.shapes_do_not_fit(node);
  }
  return windows;
}

std::int64_t same_padding(const Window& w, std::int64_t size) {
  return std::max<std::int64_t>(((size + w.stride - 1) / w.stride - 1) * w.stride + w.reach() + 1 - size, 0);
}

// Padding that depends on the size must do so at no size that the network is used with.
void fix_same_padding(Walk& walk, Window& w, const Sizes& sizes) {
  if (!w.same) return;
  const std::int64_t total = same_padding(w, sizes[0]);
  std::array<bool, kProbes> holds{};
  for (std::size_t p = 0; p < holds.size(); ++p) holds[p] = same_padding(w, sizes[p]) == total;
  walk.demand(holds);
  w.begin = w.same_lower ? total - total / 2 : total / 2;
  w.end = total - w.begin;
}

// Slides the window along one axis; false when the picture is smaller than it.
bool slide(Walk& walk, Flow& flow, Axis& axis, Window w) {
  const Sizes before = sizes_of(axis);
  fix_same_padding(walk, w, before);
  Sizes after{};
  std::array<bool, kProbes> holds{};
  for (std::size_t p = 0; p < after.size(); ++p) {
    const std::int64_t room = before[p] + w.begin + w.end - w.reach() - 1;
    holds[p] = room >= 0;
    after[p] = holds[p] ? (room + (w.round_up ? w.stride - 1 : 0)) / w.stride + 1 : 1;
    // A window that would start in the padding at the end is left out.
    if (w.round_up && (after[p] - 1) * w.stride >= before[p] + w.begin) --after[p];
  }
  if (!holds[0]) return false;
  walk.demand(holds);
  const Role role = role_of(axis);
  if (is_spatial(role)) {
    Reach& reach = reach_along(flow, role);
    reach.low = reach.low - reach.step * w.begin;
    reach.high = reach.high + reach.step * (w.reach() - w.begin);
    reach.step = reach.step * w.stride;
    walk.note_grid(reach.step);
  }
  axis = {Atom{after, role}};
  return true;
}

// The same for a transposed convolution.
bool slide_back(Walk& walk, Flow& flow, Axis& axis, Window w) {
  const Sizes before = sizes_of(axis);
  if (w.same) {
    const std::int64_t total = std::max<std::int64_t>(w.reach() + 1 + w.output_padding - w.stride, 0);
    w.begin = w.same_lower ? total - total / 2 : total / 2;
    w.end = total - w.begin;
  }
  Sizes after{};
  for (std::size_t p = 0; p < after.size(); ++p) {
    if (before[p] > kLongestAxis / w.stride) return false;
    after[p] = (before[p] - 1) * w.stride + w.reach() + 1 + w.output_padding - w.begin - w.end;
    if (after[p] < 1) return false;
  }
  const Role role = role_of(axis);
  if (is_spatial(role)) {
    // Output o takes input i with o = i*stride - begin + k*dilation, k in 0 ... kernel-1.
    Reach& reach = reach_along(flow, role);
    const Rational fine = reach.step / w.stride;
    reach.low = reach.low + fine * (w.begin - w.reach());
    reach.high = reach.high + fine * w.begin;
    reach.step = fine;
    walk.note_grid(reach.step);
  }
  axis = {Atom{after, role}};
  return true;
}

// Applies the windows to the axes behind batch and channels, and puts `channels` in their place.
Result<void> apply(Walk& walk, ir::NodeId node, Flow flow, const Integers& kernel, std::optional<Axis> channels,
                   bool back = false) {
  MANTISSA_ASSIGN(const std::vector<Window> windows, windows_of(walk, node, kernel));
  if (flow.axes.size() != windows.size() + 2) return walk.shapes_do_not_fit(node);
  if (has_spatial(flow.axes[1])) make_global(flow, walk, node, "takes rows or columns for channels");
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Axis& axis = flow.axes[i + 2];
    fold_phases(axis, flow);
    const bool trivial =
        windows[i].reach() == 0 && windows[i].stride == 1 && windows[i].begin == 0 && windows[i].end == 0;
    if (trivial && !back) continue;
    if (has_spatial(axis) && role_of(axis) == Role::plain)
      make_global(flow, walk, node, "slides over rows and columns in one");
    if (!(back ? slide_back(walk, flow, axis, windows[i]) : slide(walk, flow, axis, windows[i])))
      return walk.shapes_do_not_fit(node);
  }
  if (channels) flow.axes[1] = *channels;
  flow.numbers = nullptr;
  walk.set_output(node, std::move(flow));
  return {};
}

Integers kernel_of(const Flow& weight) {
  Integers kernel;
  for (std::size_t i = 2; i < weight.axes.size(); ++i) kernel.push_back(base_size(weight.axes[i]));
  return kernel;
}

Result<void> conv_rule(Walk& walk, ir::NodeId node, bool back) {
  Flow flow = walk.input(node, 0);
  const Flow& weight = walk.input(node, 1);
  if (!flow.shape_known || !weight.shape_known) return give_up(walk, node);
  if (weight.axes.size() < 3) return walk.shapes_do_not_fit(node);
  for (std::size_t i = 1; i < walk.graph().node(node).inputs.size(); ++i) absorb(flow, walk.input(node, i), walk, node);
  const Integers kernel = kernel_of(weight);
  const std::int64_t group = std::clamp<std::int64_t>(walk.graph().integer(node, "group", 1), 1, kLargestAttribute);
  const std::int64_t features =
      back ? std::min(base_size(weight.axes[1]), kLongestAxis / group) * group : base_size(weight.axes[0]);
  auto per_position = static_cast<double>(base_size(weight.axes[1]));
  for (const std::int64_t size : kernel) per_position *= static_cast<double>(size);
  const double before = elements_of(flow);
  MANTISSA_TRY(apply(walk, node, std::move(flow), kernel, plain_axis(features), back));
  const ir::ValueId output =
      walk.graph().node(node).outputs.empty() ? ir::kNoValue : walk.graph().node(node).outputs.front();
  if (output != ir::kNoValue) walk.note_cost(node, (back ? before : elements_of(walk.flow(output))) * per_position);
  return {};
}

Result<void> conv(Walk& walk, ir::NodeId node) { return conv_rule(walk, node, false); }
Result<void> conv_transpose(Walk& walk, ir::NodeId node) { return conv_rule(walk, node, true); }

Result<void> pool(Walk& walk, ir::NodeId node) {
  const Flow& flow = walk.input(node, 0);
  if (!flow.shape_known) return give_up(walk, node);
  return apply(walk, node, flow, walk.graph().integers(node, "kernel_shape", {}), std::nullopt);
}

Result<void> global_pool(Walk& walk, ir::NodeId node) {
  Flow flow = walk.input(node, 0);
  for (std::size_t i = 2; i < flow.axes.size(); ++i) {
    if (has_spatial(flow.axes[i])) take_whole(flow, walk, node);
    flow.axes[i] = {};
  }
  walk.set_output(node, std::move(flow));
  return {};
}

}  // namespace

std::span<const RuleOf> window_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"AveragePool", pool},
      {"Conv", conv},
      {"ConvTranspose", conv_transpose},
      {"GlobalAveragePool", global_pool},
      {"GlobalLpPool", global_pool},
      {"GlobalMaxPool", global_pool},
      {"LpPool", pool},
      {"MaxPool", pool},
  });
  return kRules;
}

}  // namespace mantissa::net
