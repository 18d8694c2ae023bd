#include "format/onnx/shapes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "format/onnx/library_errors.h"
#include "onnx/shape_inference/implementation.h"

namespace mantissa::format {
namespace {

// The library also follows the values of small integer tensors (sizes that are computed in the graph), without a bound of its own:
// a short chain of Concat that doubles its input would fill the memory. This bounds how long any such value could become.
bool values_stay_short(const onnx::ModelProto& model) {
  constexpr std::size_t longest = 4096;
  constexpr std::size_t of_shape = 64;  // the highest rank that is read
  const auto& graph = model.graph();
  const int opset = static_cast<int>(model.opset_import(0).version());
  std::unordered_map<std::string, std::size_t> lengths;
  for (const auto& tensor : graph.initializer()) {
    if (tensor.dims_size() == 1)
      lengths[tensor.name()] = static_cast<std::size_t>(std::max<std::int64_t>(tensor.dims(0), 0));
  }
  for (const auto& node : graph.node()) {
    const auto* schema = onnx::OpSchemaRegistry::Schema(node.op_type(), opset);
    std::size_t length = node.op_type() == "Shape" ? of_shape : 0;
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t() && attribute.t().dims_size() == 1)
        length = static_cast<std::size_t>(std::max<std::int64_t>(attribute.t().dims(0), 0));
    }
    if (length == 0 && (schema == nullptr || !schema->has_data_propagation_function())) continue;
    for (const std::string& input : node.input()) {
      const auto found = lengths.find(input);
      if (found == lengths.end()) continue;
      length = node.op_type() == "Concat" ? length + found->second : std::max(length, found->second);
    }
    if (length > longest && node.op_type() == "Concat") return false;
    for (const std::string& output : node.output()) lengths[output] = length;
  }
  return true;
}

Result<void> infer(onnx::ModelProto& model) {
  const onnx::ShapeInferenceOptions options(/*check_type_val=*/true, /*strict_mode_val=*/1,
                                            /*data_prop_val=*/values_stay_short(model));
  return guarded([&] {
    onnx::shape_inference::DataValueMap values;
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options, &values);
  });
}

void forget_declared_shapes(onnx::GraphProto& graph) {
  graph.clear_value_info();
  for (auto& output : *graph.mutable_output()) {
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();
  }
}

}  // namespace

Result<void> infer_shapes(onnx::ModelProto& model) {
  if (infer(model).ok()) return {};
  // Exporters often declare the output shape of the one picture that they traced. Engines go by the operators then, and so do we.
  forget_declared_shapes(*model.mutable_graph());
  return infer(model).in("inferring shapes");
}

}  // namespace mantissa::format
