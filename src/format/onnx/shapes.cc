#include "format/onnx/shapes.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "format/onnx/library_errors.h"
#include "format/onnx/model_checks.h"
#include "format/onnx/same_size.h"
#include "onnx/shape_inference/implementation.h"

namespace mantissa::format {
namespace {

namespace inference = onnx::shape_inference;

class ShapeInference {
 public:
  ShapeInference(onnx::GraphProto& graph, int opset) : graph_(graph), opset_(opset) {}

  Result<void> run() {
    inference::SymbolTableImpl& symbols = symbols_;
    symbols.addFromGraph(graph_);
    for (auto* list : {graph_.mutable_value_info(), graph_.mutable_input(), graph_.mutable_output()}) {
      for (auto& value : *list) {
        if (value.has_type()) types_[value.name()] = value.mutable_type();
      }
    }
    for (const auto& tensor : graph_.initializer()) add_constant(tensor);
    for (auto& node : *graph_.mutable_node()) MANTISSA_TRY(infer(node).in("node " + describe(node)));
    return {};
  }

 private:
  void add_constant(const onnx::TensorProto& tensor) {
    onnx::TypeProto type;
    type.mutable_tensor_type()->set_elem_type(tensor.data_type());
    auto& shape = *type.mutable_tensor_type()->mutable_shape();
    for (const std::int64_t size : tensor.dims()) shape.add_dim()->set_dim_value(size);
    constants_[tensor.name()] = &tensor;
    types_[tensor.name()] = &constant_types_.emplace(tensor.name(), std::move(type)).first->second;
  }

  Result<void> infer(onnx::NodeProto& node) {
    const auto* schema = onnx::OpSchemaRegistry::Schema(node.op_type(), opset_);
    if (schema == nullptr) return bad_input("ONNX has no such operator");
    inference::InferenceContextImpl context(node, types_, constants_, {}, options_, &values_);
    MANTISSA_TRY(guarded([&] {
      if (schema->has_type_and_shape_inference_function()) {
        schema->GetTypeAndShapeInferenceFunction()(context);
      } else if (schema->HasFunction()) {
        inference::InferShapeForFunctionNode(*schema->GetFunction(), onnx::OpSchemaRegistry::Instance(), context,
                                             options_, {}, &symbols_);
      }
      schema->CheckInputOutputType(context);
      keep_symbols(node, context);
      for (int i = 0; i < node.output_size(); ++i) {
        if (!node.output(i).empty()) merge(node.output(i), *context.getOutputType(static_cast<std::size_t>(i)));
      }
    }));
    for (const std::string& output : node.output()) {
      const auto found = types_.find(output);
      const int rank = found == types_.end() ? 0 : found->second->tensor_type().shape().dim_size();
      if (rank > highest_rank) return bad_input("its output has " + std::to_string(rank) + " dimensions");
    }
    return guarded([&] { follow_values(node, *schema); });
  }

  void merge(const std::string& name, onnx::TypeProto& inferred) {
    if (inferred.value_case() == onnx::TypeProto::VALUE_NOT_SET) return;
    inference::MaterializeSymbolicShape(&inferred, symbols_);
    const auto [entry, is_new] = types_.try_emplace(name, nullptr);
    if (is_new) {
      auto& info = *graph_.add_value_info();
      info.set_name(name);
      *info.mutable_type() = std::move(inferred);
      entry->second = info.mutable_type();
      return;
    }
    onnx::TypeProto& declared = *entry->second;
    try {
      inference::mergeShapesAndTypes(inferred, &declared);
    } catch (const onnx::InferenceError&) {  // they contradict each other
      declared = std::move(inferred);
    }
  }

  // The library follows the values of small integer tensors, because they may be sizes that are computed in the graph.
  // It does so whatever their length, which a few nodes can make enormous.
  void follow_values(onnx::NodeProto& node, const onnx::OpSchema& schema) {
    if (!schema.has_data_propagation_function()) return;
    if (std::any_of(node.input().begin(), node.input().end(), [&](const auto& input) { return is_long(input); }))
      return;
    inference::DataPropagationContextImpl context(node, types_, constants_, values_);
    schema.GetDataPropagationFunction()(context);
  }

  [[nodiscard]] bool is_long(const std::string& name) const {
    constexpr int longest = 4 * highest_rank;
    const auto type = types_.find(name);
    if (type != types_.end()) {
      const auto& shape = type->second->tensor_type().shape();
      if (shape.dim_size() == 1 && shape.dim(0).dim_value() > longest) return true;
    }
    const auto values = values_.find(name);
    return values != values_.end() && values->second.dim_size() > longest;
  }

  onnx::GraphProto& graph_;
  int opset_;
  const onnx::ShapeInferenceOptions options_{/*check_type_val=*/true, /*strict_mode_val=*/1, /*data_prop_val=*/true};
  inference::SymbolTableImpl symbols_;
  std::unordered_map<std::string, onnx::TypeProto*> types_;
  std::unordered_map<std::string, onnx::TypeProto> constant_types_;
  std::unordered_map<std::string, const onnx::TensorProto*> constants_;
  inference::DataValueMap values_;
};

}  // namespace

Result<void> infer_shapes(onnx::GraphProto& graph, int opset) { return ShapeInference(graph, opset).run(); }

}  // namespace mantissa::format
