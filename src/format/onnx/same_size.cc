#include "format/onnx/same_size.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace mantissa::format {
namespace {

bool slides_a_window(std::string_view op) {
  constexpr std::array<std::string_view, 4> ops = {"Conv", "MaxPool", "AveragePool", "LpPool"};
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

struct Window {
  std::vector<std::int64_t> kernel, strides, dilations, pads;
  bool pads_to_same = false;
};

std::int64_t at(const std::vector<std::int64_t>& values, std::size_t index, std::int64_t otherwise) {
  return index < values.size() ? values[index] : otherwise;
}

Window window_of(const onnx::NodeProto& node, const onnx::TypeProto* weights) {
  Window window;
  for (const auto& attribute : node.attribute()) {
    const std::vector<std::int64_t> values(attribute.ints().begin(), attribute.ints().end());
    if (attribute.name() == "kernel_shape") window.kernel = values;
    if (attribute.name() == "strides") window.strides = values;
    if (attribute.name() == "dilations") window.dilations = values;
    if (attribute.name() == "pads") window.pads = values;
    if (attribute.name() == "auto_pad") window.pads_to_same = attribute.s().starts_with("SAME");
  }
  if (window.kernel.empty() && weights != nullptr) {
    const auto& shape = weights->tensor_type().shape();
    for (int i = 2; i < shape.dim_size(); ++i) window.kernel.push_back(shape.dim(i).dim_value());  // 0: unknown
  }
  return window;
}

// Of the spatial dimension `index`, of `rank` ones.
bool keeps_size(const Window& window, std::size_t index, std::size_t rank) {
  if (at(window.strides, index, 1) != 1) return false;
  if (window.pads_to_same) return true;
  const std::int64_t kernel = at(window.kernel, index, 0);
  const std::int64_t pads = at(window.pads, index, 0) + at(window.pads, index + rank, 0);
  return kernel > 0 && pads == (kernel - 1) * at(window.dilations, index, 1);
}

}  // namespace

void keep_symbols(const onnx::NodeProto& node, onnx::shape_inference::InferenceContextImpl& context) {
  if (!slides_a_window(node.op_type()) || node.output_size() == 0) return;
  const onnx::TypeProto* input = context.getInputType(0);
  onnx::TypeProto* output = context.getOutputType(0);
  if (input == nullptr || !output->tensor_type().has_shape()) return;
  const auto& from = input->tensor_type().shape();
  auto& to = *output->mutable_tensor_type()->mutable_shape();
  if (from.dim_size() != to.dim_size() || from.dim_size() < 3) return;
  const bool has_weights = node.op_type() == "Conv";
  const Window window = window_of(node, has_weights ? context.getInputType(1) : nullptr);
  const auto rank = static_cast<std::size_t>(from.dim_size() - 2);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto& source = from.dim(static_cast<int>(i) + 2);
    auto& target = *to.mutable_dim(static_cast<int>(i) + 2);
    const bool is_unknown = !target.has_dim_value() && !target.has_dim_param();
    if (is_unknown && source.has_dim_param() && keeps_size(window, i, rank)) target.set_dim_param(source.dim_param());
  }
}

}  // namespace mantissa::format
