#include "format/onnx/model_checks.h"

#include <optional>

#include "format/onnx/opset.h"
#include "format/onnx/shapes.h"

namespace mantissa::format {
namespace {

Result<int> opset_of(const onnx::ModelProto& model) {
  std::optional<std::int64_t> opset;
  for (const auto& import : model.opset_import()) {
    if (!is_onnx_domain(import.domain())) continue;
    if (opset && *opset != import.version()) return bad_input("it names two opsets of ONNX");
    opset = import.version();
  }
  if (!opset) return bad_input("it does not say which opset of ONNX it uses");
  if (*opset < oldest_opset)
    return unsupported("it uses opset " + std::to_string(*opset) + ", and the oldest that can be read is " +
                           std::to_string(oldest_opset),
                       "Export the network with opset " + std::to_string(ir::kOpset));
  if (*opset > newest_opset())
    return unsupported("it uses opset " + std::to_string(*opset) + ", and the newest that can be read is " +
                           std::to_string(newest_opset()),
                       "Export the network with opset " + std::to_string(ir::kOpset));
  return static_cast<int>(*opset);
}

Result<void> check_rank(int rank) {
  if (rank > highest_rank) return bad_input("it has " + std::to_string(rank) + " dimensions");
  return {};
}

// Names those of other domains, all of the first few.
Result<void> check_domains(const onnx::GraphProto& graph) {
  constexpr int kMostNamed = 3;
  std::string named;
  int others = 0;
  bool optimized = false;
  for (const auto& node : graph.node()) {
    if (is_onnx_domain(node.domain())) continue;
    if (others < kMostNamed) named += (others == 0 ? "" : ", ") + describe(node);
    ++others;
    optimized = optimized || node.domain() == "com.microsoft";
  }
  if (others == 0) return {};
  if (others > kMostNamed) named += " and " + std::to_string(others - kMostNamed) + " more";
  return bad_input("it has operators of other domains than ONNX's, which cannot be read: " + named,
                   optimized ? "Give the network as it was before it was quantized or optimized for ONNX Runtime"
                             : "If they prepare and finish pictures around the network, cut them off with "
                               "--cut-custom; else export it with ONNX's own operators alone");
}

Result<void> check_node(onnx::NodeProto& node) {
  node.clear_domain();
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g() || attribute.graphs_size() != 0)
      return unsupported("control flow (" + node.op_type() + ") cannot be read", "Export the network without it");
    MANTISSA_TRY(check_rank(attribute.t().dims_size()).in("attribute " + attribute.name()));
  }
  return {};
}

template <class List>
Result<void> check_ranks(const List& values) {
  for (const auto& value : values) {
    const int rank = value.type().tensor_type().shape().dim_size();
    MANTISSA_TRY(check_rank(rank).in("value " + value.name()));
  }
  return {};
}

}  // namespace

bool is_onnx_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string describe(const onnx::NodeProto& node) {
  std::string text = node.domain();
  if (!text.empty()) text += "::";
  text += node.op_type();
  if (!node.name().empty()) text += " " + node.name();
  for (const std::string& output : node.output()) {
    if (!output.empty()) return text.append(" (output ").append(output).append(")");
  }
  return text;
}

Result<int> check_model(onnx::ModelProto& model) {
  MANTISSA_ASSIGN(const int opset, opset_of(model));
  auto& graph = *model.mutable_graph();
  if (model.functions_size() != 0)
    return unsupported("it defines functions of its own (\"" + model.functions(0).name() + "\"), which cannot be read",
                       "Export the network with its functions inlined");
  if (graph.sparse_initializer_size() != 0) return unsupported("it has sparse constants, which cannot be read");
  MANTISSA_TRY(check_domains(graph));
  for (auto& node : *graph.mutable_node()) MANTISSA_TRY(check_node(node).in("node " + describe(node)));
  MANTISSA_TRY(check_ranks(graph.input()));
  MANTISSA_TRY(check_ranks(graph.output()));
  MANTISSA_TRY(check_ranks(graph.value_info()));
  for (const auto& tensor : graph.initializer()) {
    MANTISSA_TRY(check_rank(tensor.dims_size()).in("tensor " + tensor.name()));
  }

  model.clear_opset_import();
  model.add_opset_import()->set_version(opset);
  return opset;
}

}  // namespace mantissa::format
