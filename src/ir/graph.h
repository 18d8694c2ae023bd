// The one intermediate representation: a graph of ONNX operators (opset 21, NCHW) over named values.
//
// Quantization is an annotation (Node::format, Value::quantization), never a node: Q/DQ nodes, casts and scales are
// made by a lowering pass for a target's dialect just before a file is written. Control flow
// (If, Loop, Scan) has no place here; readers refuse it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/number_format.h"
#include "ir/tensor.h"
#include "mantissa/result.h"

namespace mantissa::ir {

inline constexpr int kOpset = 21;

// Index of a value or node in its graph; stays valid while the object lives.
enum class ValueId : std::uint32_t {};
enum class NodeId : std::uint32_t {};
inline constexpr ValueId kNoValue{0xFFFFFFFF};  // an optional input or output that is left out
inline constexpr NodeId kNoNode{0xFFFFFFFF};

// A size that is known, or a name for one that is not ("height"); an empty name is an unknown of its own.
struct Dimension {
  std::int64_t size = -1;  // -1: unknown
  std::string symbol;
  bool operator==(const Dimension&) const = default;
};
using Shape = std::vector<Dimension>;

// How a value is held in integers or narrow floats: real = (stored - zero_point) * scale. One scale for the tensor,
// or one per index of `axis`.
struct Quantization {
  base::NumberFormat format = base::NumberFormat::uint8;
  std::vector<float> scales;
  std::vector<std::int32_t> zero_points;  // as many as scales
  std::optional<int> axis;                // of the tensor; set: per channel
  int block = 0;  // of a channel's elements, as they lie, so many share a scale: scales[channels][blocks]; 0: all
  bool operator==(const Quantization&) const = default;
};

struct Use {
  NodeId node = kNoNode;
  int input = 0;
  bool operator==(const Use&) const = default;
};

struct Value {
  std::string name;  // unique in the graph, never empty
  std::optional<base::NumberFormat> format;
  std::optional<Shape> shape;      // nullopt: even the rank is unknown
  std::optional<Tensor> constant;  // set: an initializer
  std::optional<Quantization> quantization;
  NodeId producer = kNoNode;  // none for constants and graph inputs
  std::vector<Use> uses;      // kept by Graph
};

using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, Tensor>;

struct Node {
  std::string op;               // "Conv"
  std::string domain;           // "" is ONNX's own
  std::string name;             // may be empty
  std::vector<ValueId> inputs;  // kNoValue: left out
  std::vector<ValueId> outputs;
  std::map<std::string, Attribute, std::less<>> attributes;
  base::NumberFormat format = base::NumberFormat::float32;  // what it is to compute in, decided by the plan
};

class Graph {
 public:
  std::string name;
  std::vector<std::pair<std::string, std::string>> metadata;  // ONNX metadata_props, in order
  std::vector<ValueId> inputs;                                // without constants
  std::vector<ValueId> outputs;

  // --- building ---
  // A name that is taken gets a suffix ("x_2"); so does an empty one ("value_7").
  ValueId add_value(std::string name, std::optional<base::NumberFormat> format = {}, std::optional<Shape> shape = {});
  ValueId add_input(std::string name, base::NumberFormat format, Shape shape);
  ValueId add_constant(std::string name, Tensor tensor);
  NodeId add_node(Node node);  // connects it: every output must have no producer yet
  // One new node with one new output, which is returned; the output is named after the node (or the operator).
  ValueId add(std::string op, std::vector<ValueId> inputs,
              std::map<std::string, Attribute, std::less<>> attributes = {}, std::string name = {});

  // --- changing ---
  void set_input(NodeId node, int index, ValueId value);  // an optional input that was left out may be set
  // Every use of `old_value`, graph outputs included, becomes one of `new_value`; `except` keeps its inputs.
  void replace_uses(ValueId old_value, ValueId new_value, NodeId except = kNoNode);
  // `new_value` takes the place of `old_value`, which with the node that made it goes: its uses, name, format and shape.
  void replace(ValueId old_value, ValueId new_value);
  void rename(ValueId id, std::string new_name);
  // What nodes make has no shape any more (outputs of the graph: no sizes): they are to be inferred again.
  void forget_shapes();
  void erase(NodeId node);  // its outputs must have no uses left
  // Removes nodes whose outputs nobody needs, then constants without a use. Returns how many nodes went.
  int erase_unused();

  // --- reading ---
  [[nodiscard]] const Value& value(ValueId id) const { return values_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] Value& value(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  // Its inputs and outputs are changed through the functions above only.
  [[nodiscard]] Node& node(NodeId id) { return nodes_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] std::optional<ValueId> find_value(std::string_view name) const;

  // Live nodes, each after those that it depends on, otherwise as they were added. Nodes on a cycle are left out:
  // the verifier reports them.
  [[nodiscard]] std::vector<NodeId> sorted() const;
  // Live nodes as they were added, those on a cycle included.
  [[nodiscard]] std::vector<NodeId> nodes() const;
  // Live values as they were added; a value dies with its producer.
  [[nodiscard]] std::vector<ValueId> values() const;
  // Live constants in the order that they were added.
  [[nodiscard]] std::vector<ValueId> constants() const;
  [[nodiscard]] std::size_t node_count() const;  // live ones
  [[nodiscard]] bool is_output(ValueId id) const;
  // Whether it is this operator of ONNX's own; kNoNode is none.
  [[nodiscard]] bool is(NodeId id, std::string_view op) const;
  // The node that alone reads a value, and the one that makes it for that alone; kNoNode where others read it too.
  [[nodiscard]] NodeId only_reader(ValueId id) const;
  [[nodiscard]] NodeId only_maker(ValueId id) const;
  // The constant behind an input of a node, nullptr when it is computed, left out or absent.
  [[nodiscard]] const Tensor* constant_input(NodeId node, std::size_t index) const;

  // Attributes of a node with a default where they are left out; a wrong type counts as left out.
  [[nodiscard]] std::int64_t integer(NodeId id, std::string_view attribute, std::int64_t otherwise) const;
  [[nodiscard]] float real(NodeId id, std::string_view attribute, float otherwise) const;
  [[nodiscard]] std::string text(NodeId id, std::string_view attribute, std::string otherwise) const;
  [[nodiscard]] std::vector<std::int64_t> integers(NodeId id, std::string_view attribute,
                                                   std::vector<std::int64_t> otherwise) const;

  // "Conv /body/0 (output features)": how a message names a node.
  [[nodiscard]] std::string describe(NodeId id) const;

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<bool> erased_;        // per node
  std::vector<bool> value_erased_;  // per value: an output of an erased node, a constant that erase_unused() removed
  std::unordered_map<std::string, ValueId> by_name_;
  std::unordered_map<std::string, unsigned> last_suffix_;  // per name that was asked for more than once

  std::string unique_name(std::string wanted);
  void forget(ValueId id);
  void remove_use(ValueId id, Use use);
};

}  // namespace mantissa::ir
