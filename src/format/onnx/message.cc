#include "format/onnx/message.h"

#include <set>
#include <unordered_set>

#include "format/onnx/attribute.h"
#include "format/onnx/element_type.h"

namespace mantissa::format {
namespace {

constexpr int ir_version = 10;  // of opset 21: https://github.com/onnx/onnx/blob/main/docs/Versioning.md

void copy_type(const ir::Value& value, onnx::TypeProto& message) {
  auto& tensor = *message.mutable_tensor_type();
  tensor.set_elem_type(data_type_of(*value.format));
  if (!value.shape) return;
  auto& shape = *tensor.mutable_shape();  // present for a scalar too
  for (const ir::Dimension& dimension : *value.shape) {
    auto& dim = *shape.add_dim();
    if (dimension.size >= 0) {
      dim.set_dim_value(dimension.size);
    } else if (!dimension.symbol.empty()) {
      dim.set_dim_param(dimension.symbol);
    }
  }
}

void copy_value(const ir::Value& value, onnx::ValueInfoProto& message) {
  message.set_name(value.name);
  copy_type(value, *message.mutable_type());
}

void copy_node(const ir::Graph& graph, ir::NodeId id, onnx::NodeProto& message) {
  const ir::Node& node = graph.node(id);
  const auto name_of = [&](ir::ValueId value) {
    return value == ir::kNoValue ? std::string() : graph.value(value).name;
  };
  for (const ir::ValueId input : node.inputs) message.add_input(name_of(input));
  for (const ir::ValueId output : node.outputs) message.add_output(name_of(output));
  message.set_name(node.name);
  message.set_op_type(node.op);
  if (!node.domain.empty()) message.set_domain(node.domain);
  for (const auto& [name, attribute] : node.attributes) {
    auto& copy = *message.add_attribute();
    copy.set_name(name);
    copy_attribute(attribute, copy);
  }
}

Result<void> copy_ports(const ir::Graph& graph, onnx::GraphProto& message) {
  const auto copy = [&](ir::ValueId id, auto& list) -> Result<void> {
    const ir::Value& value = graph.value(id);
    if (!value.format) return internal_error("the number format of \"" + value.name + "\" is not known");
    copy_value(value, *list.Add());
    return {};
  };
  for (const ir::ValueId input : graph.inputs) MANTISSA_TRY(copy(input, *message.mutable_input()));
  for (const ir::ValueId output : graph.outputs) MANTISSA_TRY(copy(output, *message.mutable_output()));
  return {};
}

}  // namespace

Result<onnx::ModelProto> to_message(const ir::Graph& graph, int opset) {
  onnx::ModelProto model;
  model.set_ir_version(ir_version);
  model.set_producer_name("mantissa");
  model.set_producer_version(MANTISSA_VERSION);
  model.add_opset_import()->set_version(opset);
  for (const auto& [key, value] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }

  auto& message = *model.mutable_graph();
  message.set_name(graph.name.empty() ? "network" : graph.name);
  MANTISSA_TRY(copy_ports(graph, message));
  const std::unordered_set<ir::ValueId> outputs(graph.outputs.begin(), graph.outputs.end());
  std::set<std::string> domains;
  for (const ir::NodeId id : graph.sorted()) {
    copy_node(graph, id, *message.add_node());
    if (!graph.node(id).domain.empty()) domains.insert(graph.node(id).domain);
    for (const ir::ValueId output : graph.node(id).outputs) {
      if (output == ir::kNoValue || !graph.value(output).format || outputs.contains(output)) continue;
      copy_value(graph.value(output), *message.add_value_info());
    }
  }
  for (const std::string& domain : domains) {
    auto& import = *model.add_opset_import();
    import.set_domain(domain);
    import.set_version(1);  // of ours, and of ONNX Runtime's com.microsoft
  }
  return model;
}

}  // namespace mantissa::format
