// An ONNX message becomes a graph of the IR.
#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_set>

#include "base/files.h"
#include "format/onnx.h"
#include "format/onnx/attribute.h"
#include "format/onnx/constant_node.h"
#include "format/onnx/cut_custom.h"
#include "format/onnx/element_type.h"
#include "format/onnx/library_errors.h"
#include "format/onnx/model_checks.h"
#include "format/onnx/node_order.h"
#include "format/onnx/opset.h"
#include "format/onnx/raw_data.h"
#include "format/onnx/shapes.h"
#include "format/onnx/tensor.h"
#include "ir/verify.h"

namespace mantissa::format {
namespace {

struct ValueType {
  std::optional<base::NumberFormat> format;
  std::optional<ir::Shape> shape;
};

ir::Shape shape_of(const onnx::TensorShapeProto& message) {
  ir::Shape shape;
  for (const auto& dim : message.dim()) {
    ir::Dimension dimension;
    // Some exporters write -1 for a size that they do not know.
    if (dim.has_dim_value() && dim.dim_value() >= 0) dimension.size = dim.dim_value();
    if (dim.has_dim_param()) dimension.symbol = dim.dim_param();
    shape.push_back(std::move(dimension));
  }
  return shape;
}

Result<ValueType> type_of(const onnx::TypeProto& message) {
  if (message.value_case() == onnx::TypeProto::VALUE_NOT_SET) return ValueType{};
  if (!message.has_tensor_type())
    return unsupported("it is not a tensor but a sequence, a map, an optional or a sparse tensor");
  const auto& tensor = message.tensor_type();
  ValueType type;
  type.format = format_of(tensor.elem_type());
  if (!type.format && tensor.elem_type() != onnx::TensorProto::UNDEFINED)
    return unsupported("it holds " + data_type_name(tensor.elem_type()) +
                       ", a number format that mantissa does not have");
  if (tensor.has_shape()) type.shape = shape_of(tensor.shape());
  return type;
}

class Reader {
 public:
  // `raw`: the data of initializers that are not in the message (raw_data.h).
  Reader(onnx::ModelProto& model, std::vector<std::optional<base::Bytes>> raw, ExternalData external)
      : model_(model), proto_(*model.mutable_graph()), raw_(std::move(raw)), external_(std::move(external)) {}

  // With `cut`, the network inside, and what was cut off.
  Result<ir::Graph> read(std::optional<CutOff>* cut) {
    if (cut) {
      MANTISSA_ASSIGN(*cut, cut_custom(proto_));
    }
    MANTISSA_ASSIGN(const int opset, check_model(model_));
    OpsetMapping mapping(opset);
    for (auto& node : *proto_.mutable_node()) MANTISSA_TRY(mapping.check(node).in(place(node)));
    MANTISSA_TRY(hoist_constants(proto_));
    MANTISSA_TRY(sort_nodes(proto_));
    MANTISSA_TRY(take_small_external_data());
    MANTISSA_TRY(infer_shapes(proto_, opset));

    graph_.name = proto_.name();
    for (const auto& entry : model_.metadata_props()) graph_.metadata.emplace_back(entry.key(), entry.value());
    MANTISSA_TRY(collect_types());
    MANTISSA_TRY(add_constants());
    MANTISSA_TRY(add_inputs());
    MANTISSA_TRY(add_node_outputs());
    for (auto& node : *proto_.mutable_node()) MANTISSA_TRY(add_node(node, mapping).in(place(node)));
    MANTISSA_TRY(add_outputs());
    MANTISSA_TRY(ir::verify(graph_));
    if (cut && *cut) graph_.erase_unused();
    return std::move(graph_);
  }

 private:
  static std::string place(const onnx::NodeProto& node) { return "node " + describe(node); }

  // Shape inference reads small tensors (the target of Reshape), so those must lie in the message.
  Result<void> take_small_external_data() {
    constexpr std::size_t small = 1024;
    for (auto& tensor : *proto_.mutable_initializer()) {
      if (!is_external(tensor)) continue;
      MANTISSA_ASSIGN(const base::Bytes bytes, external_.find(tensor).in("tensor " + tensor.name()));
      if (bytes.size() > small) continue;
      tensor.set_raw_data(bytes.data(), bytes.size());
      tensor.clear_external_data();
      tensor.clear_data_location();
    }
    return {};
  }

  Result<void> collect_types() {
    for (const auto* list : {&proto_.value_info(), &proto_.output(), &proto_.input()}) {
      for (const auto& value : *list) {
        MANTISSA_ASSIGN(ValueType type, type_of(value.type()).in("value " + value.name()));
        types_.insert_or_assign(value.name(), std::move(type));
      }
    }
    return {};
  }

  Result<ir::ValueId> add_value(const std::string& name) {
    if (graph_.find_value(name)) return bad_input("two values are named \"" + name + "\"");
    const auto found = types_.find(name);
    if (found == types_.end()) return graph_.add_value(name);
    return graph_.add_value(name, found->second.format, found->second.shape);
  }

  Result<void> add_constant(const std::string& name, Result<ir::Tensor> tensor) {
    if (!tensor.ok()) return std::move(tensor).in("tensor " + name).error();
    if (name.empty()) return bad_input("a constant has no name");
    if (graph_.find_value(name)) return bad_input("two values are named \"" + name + "\"");
    graph_.add_constant(name, *std::move(tensor));
    return {};
  }

  Result<void> add_constants() {
    raw_.resize(static_cast<std::size_t>(proto_.initializer_size()));  // those that were Constant nodes
    for (int i = 0; i < proto_.initializer_size(); ++i) {
      onnx::TensorProto& tensor = *proto_.mutable_initializer(i);
      MANTISSA_TRY(add_constant(tensor.name(), take_tensor(tensor, external_, raw_[static_cast<std::size_t>(i)])));
    }
    return {};
  }

  // Before IR version 4, constants had to be listed among the inputs; later,
  // a listed one is an input with a default. Both stay constants here.
  Result<void> add_inputs() {
    for (const auto& input : proto_.input()) {
      const auto known = graph_.find_value(input.name());
      if (known && graph_.value(*known).constant) continue;
      if (input.name().empty()) return bad_input("an input of the graph has no name");
      MANTISSA_ASSIGN(const ir::ValueId id, add_value(input.name()));
      if (!graph_.value(id).format) return bad_input("the input \"" + input.name() + "\" has no number format");
      graph_.inputs.push_back(id);
    }
    return {};
  }

  // All of them before the first node, so that rules of the opset mapping may ask for any value's type.
  Result<void> add_node_outputs() {
    for (const auto& node : proto_.node()) {
      for (const std::string& output : node.output()) {
        if (!output.empty()) MANTISSA_TRY(add_value(output).in(place(node)));
      }
    }
    return {};
  }

  Result<void> add_node(onnx::NodeProto& message, OpsetMapping& mapping) {
    NodeInMapping mapped{graph_, {}, {}};
    ir::Node& node = mapped.node;
    node.op = message.op_type();
    node.name = message.name();
    for (const std::string& input : message.input()) {
      const auto id = input.empty() ? ir::kNoValue : graph_.find_value(input);
      if (!id)
        return bad_input("its input \"" + input +
                         "\" is produced by no node, and is neither a constant nor an input of the graph");
      node.inputs.push_back(*id);
    }
    while (!node.inputs.empty() && node.inputs.back() == ir::kNoValue) node.inputs.pop_back();
    for (const std::string& output : message.output())
      node.outputs.push_back(output.empty() ? ir::kNoValue : *graph_.find_value(output));
    for (auto& attribute : *message.mutable_attribute()) {
      MANTISSA_ASSIGN(ir::Attribute value, take_attribute(attribute, external_).in("attribute " + attribute.name()));
      if (!node.attributes.emplace(attribute.name(), std::move(value)).second)
        return bad_input("its attribute " + attribute.name() + " is given twice");
    }
    MANTISSA_TRY(mapping.apply(mapped));
    graph_.add_node(std::move(node));
    for (ir::Node& after : mapped.after) graph_.add_node(std::move(after));
    return {};
  }

  Result<void> add_outputs() {
    for (const auto& output : proto_.output()) {
      const auto id = graph_.find_value(output.name());
      if (!id) return bad_input("the output \"" + output.name() + "\" of the graph is produced by no node");
      graph_.outputs.push_back(*id);
    }
    return {};
  }

  onnx::ModelProto& model_;
  onnx::GraphProto& proto_;
  std::vector<std::optional<base::Bytes>> raw_;
  ExternalData external_;
  ir::Graph graph_;
  std::unordered_map<std::string, ValueType> types_;
};

Result<ir::Graph> read(const base::Bytes& bytes, std::optional<std::filesystem::path> folder,
                       std::optional<CutOff>* cut = nullptr) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return bad_input("it is larger than 2 GiB, which an ONNX file cannot be",
                     "Save the network with its weights as external data");
  onnx::ModelProto model;
  std::optional<Result<ir::Graph>> graph;
  const Result<void> done = guarded([&] {
    std::optional<ModelWithoutData> light = take_out_raw_data(bytes);
    if (!light || !model.ParseFromString(light->message) || !model.has_graph()) return;
    light->message = {};
    graph.emplace(Reader(model, std::move(light->raw), ExternalData(std::move(folder))).read(cut));
  });
  if (!done.ok()) return done.error();
  if (!graph) return bad_input("it is not an ONNX file, or it is damaged or incomplete", "Export or download it again");
  return *std::move(graph);
}

}  // namespace

Result<ir::Graph> read_onnx(const std::filesystem::path& path) {
  const std::string place = "network " + path.string();
  Result<base::Bytes> bytes = base::map_file(path);
  if (!bytes.ok()) return std::move(bytes).error();
  return read(*bytes, path.parent_path()).in(place);
}

Result<CutNetwork> read_onnx_inside(const std::filesystem::path& path) {
  MANTISSA_ASSIGN(const base::Bytes bytes, base::map_file(path));
  CutNetwork network;
  MANTISSA_ASSIGN(network.graph, read(bytes, path.parent_path(), &network.cut).in("network " + path.string()));
  return network;
}

Result<ir::Graph> read_onnx(const base::Bytes& bytes) { return read(bytes, std::nullopt); }

}  // namespace mantissa::format
