// What the rules in opset_rules.cc are made of: each maps one change of one or more operators.
#pragma once

#include "format/onnx/opset.h"

namespace mantissa::format {

// --- opset_rules_inputs.cc: attributes that became inputs ---
[[nodiscard]] Result<void> axes_to_input(
    NodeInMapping& mapping);  // ReduceSum, Squeeze, Unsqueeze in 13; the other Reduce* in 18
[[nodiscard]] Result<void> clip_bounds_to_inputs(NodeInMapping& mapping);   // Clip in 11
[[nodiscard]] Result<void> dft_axis_to_input(NodeInMapping& mapping);       // DFT in 20
[[nodiscard]] Result<void> k_to_input(NodeInMapping& mapping);              // TopK in 10
[[nodiscard]] Result<void> pads_to_inputs(NodeInMapping& mapping);          // Pad in 11
[[nodiscard]] Result<void> slice_bounds_to_inputs(NodeInMapping& mapping);  // Slice in 10
[[nodiscard]] Result<void> split_to_input(NodeInMapping& mapping);          // Split in 13

// --- opset_rules_forms.cc: other names, other meanings ---
[[nodiscard]] Result<void> dropout_to_identity(NodeInMapping& mapping);
[[nodiscard]] Result<void> normalization_at_inference(NodeInMapping& mapping);   // BatchNormalization
[[nodiscard]] Result<void> count_split_outputs(NodeInMapping& mapping);          // Split in 18
[[nodiscard]] Result<void> grid_sample_modes(NodeInMapping& mapping);            // GridSample in 20
[[nodiscard]] Result<void> resize_coordinates(NodeInMapping& mapping);           // Resize in 11
[[nodiscard]] Result<void> resize_without_empty_inputs(NodeInMapping& mapping);  // Resize in 13
[[nodiscard]] Result<void> scatter_to_scatter_elements(NodeInMapping& mapping);  // Scatter in 11
[[nodiscard]] Result<void> softmax_over_one_axis(NodeInMapping& mapping);        // Softmax, LogSoftmax, Hardmax in 13
[[nodiscard]] Result<void> upsample_to_resize(NodeInMapping& mapping);           // Upsample in 10

// --- what they share ---
// Takes an attribute out of the node; nullopt where it is left out or of another type.
template <class T>
[[nodiscard]] std::optional<T> take_attribute(ir::Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return std::nullopt;
  const T* held = std::get_if<T>(&found->second);
  std::optional<T> value = held ? std::optional<T>(*held) : std::nullopt;
  node.attributes.erase(found);
  return value;
}

// The name for something that is made for a node: "<its first output>_axes".
[[nodiscard]] std::string name_beside(const NodeInMapping& mapping, std::string_view what);
// A new constant of int64 in one dimension.
[[nodiscard]] ir::ValueId integers_beside(NodeInMapping& mapping, std::string_view what,
                                          std::vector<std::int64_t> values);
// Gives the node an input at `index`; those between are left out.
void put_input(ir::Node& node, std::size_t index, ir::ValueId value);

}  // namespace mantissa::format
