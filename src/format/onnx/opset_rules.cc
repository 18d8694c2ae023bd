#include "format/onnx/opset_rules.h"

#include <array>

namespace mantissa::format {
namespace {

struct Row {
  std::string_view op;
  int since;
  OpsetRule rule;
};

// Changes that need a rule, from https://github.com/onnx/onnx/blob/main/docs/Changelog.md
constexpr std::array rows = {
    Row{"BatchNormalization", any_opset, normalization_at_inference},
    Row{"BatchNormalization", 14, normalization_at_inference},
    Row{"Clip", 11, clip_bounds_to_inputs},
    Row{"DFT", 20, dft_axis_to_input},
    Row{"Dropout", any_opset, dropout_to_identity},
    Row{"GridSample", 20, grid_sample_modes},
    Row{"Hardmax", 13, softmax_over_one_axis},
    Row{"LogSoftmax", 13, softmax_over_one_axis},
    Row{"Pad", 11, pads_to_inputs},
    Row{"ReduceL1", 18, axes_to_input},
    Row{"ReduceL2", 18, axes_to_input},
    Row{"ReduceLogSum", 18, axes_to_input},
    Row{"ReduceLogSumExp", 18, axes_to_input},
    Row{"ReduceMax", 18, axes_to_input},
    Row{"ReduceMean", 18, axes_to_input},
    Row{"ReduceMin", 18, axes_to_input},
    Row{"ReduceProd", 18, axes_to_input},
    Row{"ReduceSum", 13, axes_to_input},
    Row{"ReduceSumSquare", 18, axes_to_input},
    Row{"Resize", 11, resize_coordinates},
    Row{"Resize", 13, resize_without_empty_inputs},
    Row{"Scatter", 11, scatter_to_scatter_elements},
    Row{"Slice", 10, slice_bounds_to_inputs},
    Row{"Softmax", 13, softmax_over_one_axis},
    Row{"Split", 13, split_to_input},
    Row{"Split", 18, count_split_outputs},
    Row{"Squeeze", 13, axes_to_input},
    Row{"TopK", 10, k_to_input},
    Row{"Unsqueeze", 13, axes_to_input},
    Row{"Upsample", 10, upsample_to_resize},
};

}  // namespace

OpsetRule opset_rule(std::string_view op, int since) {
  for (const Row& row : rows) {
    if (row.op == op && row.since == since) return row.rule;
  }
  return nullptr;
}

std::string name_beside(const NodeInMapping& mapping, std::string_view what) {
  const ir::Node& node = mapping.node;
  const bool named = !node.outputs.empty() && node.outputs.front() != ir::kNoValue;
  return (named ? mapping.graph.value(node.outputs.front()).name : node.op) + "_" + std::string(what);
}

ir::ValueId integers_beside(NodeInMapping& mapping, std::string_view what, std::vector<std::int64_t> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  return mapping.graph.add_constant(name_beside(mapping, what), ir::Tensor::of_integers({size}, std::move(values)));
}

void put_input(ir::Node& node, std::size_t index, ir::ValueId value) {
  if (node.inputs.size() <= index) node.inputs.resize(index + 1, ir::kNoValue);
  node.inputs[index] = value;
}

}  // namespace mantissa::format
