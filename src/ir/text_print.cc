#include <algorithm>
#include <array>
#include <unordered_set>

#include "ir/text.h"
#include "ir/text_data.h"
#include "ir/text_lexer.h"
#include "ir/text_numbers.h"

namespace mantissa::ir {
namespace {

using text::written;

template <class List, class Print>
std::string joined(const List& list, std::string_view separator, Print print) {
  std::string result;
  bool first = true;
  for (const auto& each : list) {
    if (!first) result += separator;
    result += print(each);
    first = false;
  }
  return result;
}

std::string size_text(const Dimension& dimension) {
  if (dimension.size < 0 && dimension.symbol.empty()) return "?";
  // A symbol that begins like a number would be read as one.
  const std::string& name = dimension.symbol;
  const bool plain = text::is_plain(name) && (name[0] == '_' || (name[0] >= 'A' && name[0] <= 'z'));
  std::string symbol = plain ? name : text::quote(name);
  if (dimension.size < 0) return symbol;
  return std::to_string(dimension.size) + (name.empty() ? "" : "=" + symbol);
}

std::string quantization_text(const Quantization& held) {
  const auto list = [&](const auto& values, auto print) {
    if (values.size() == 1 && !held.axis) return print(values.front());
    return "[" + joined(values, ", ", print) + "]";
  };
  std::string result = std::string(base::name_of(held.format)) + "(";
  if (held.axis) result += "axis=" + std::to_string(*held.axis) + ", ";
  if (held.block != 0) result += "block=" + std::to_string(held.block) + ", ";
  result += "scale=" + list(held.scales, [](float scale) { return text::number(scale); });
  const bool all_zero =
      std::all_of(held.zero_points.begin(), held.zero_points.end(), [](auto zero) { return zero == 0; });
  if (!all_zero || held.zero_points.size() != held.scales.size())
    result += ", zero=" + list(held.zero_points, [](std::int32_t zero) { return std::to_string(zero); });
  return result + ")";
}

std::string value_text(const Value& value) {
  std::string result = "%" + written(value.name);
  if (value.format || value.shape || value.quantization) {
    result += " : " + (value.format ? std::string(base::name_of(*value.format)) : "?");
    result += "[" + (value.shape ? joined(*value.shape, ",", size_text) : "*") + "]";
  }
  if (value.quantization) result += " ~ " + quantization_text(*value.quantization);
  return result;
}

// One overload a kind of attribute.
struct AttributePrinter {
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const { return text::real(value); }
  std::string operator()(const std::string& value) const { return text::quote(value); }
  std::string operator()(const std::vector<std::int64_t>& values) const {
    return "[" + joined(values, ",", [](std::int64_t value) { return std::to_string(value); }) + "]";
  }
  std::string operator()(const std::vector<float>& values) const {
    return values.empty() ? "floats[]" : "[" + joined(values, ",", text::real) + "]";
  }
  std::string operator()(const std::vector<std::string>& values) const {
    return values.empty() ? "strings[]" : "[" + joined(values, ",", text::quote) + "]";
  }
  std::string operator()(const Tensor& tensor) const {
    const std::string sizes = joined(tensor.shape, ",", [](std::int64_t size) { return std::to_string(size); });
    return std::string(base::name_of(tensor.format)) + "[" + sizes + "]" + text::data(tensor);
  }
};

std::string operator_text(const Node& node) {
  constexpr std::array<std::string_view, 6> keywords = {"meta", "input", "const", "output", "in", "_"};
  const bool plain = text::is_plain(node.op) && node.op.find("::") == std::string::npos &&
                     std::find(keywords.begin(), keywords.end(), node.op) == keywords.end();
  if (plain && node.domain.empty()) return node.op;
  if (plain && text::is_plain(node.domain)) return node.domain + "::" + node.op;
  return text::quote(node.domain) + "::" + text::quote(node.op);
}

std::string node_text(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::string result = joined(node.outputs, ", ", [&](ValueId output) {
    return output == kNoValue ? std::string("_") : value_text(graph.value(output));
  });
  if (!node.outputs.empty()) result += " = ";
  result += operator_text(node) + "(" +
            joined(node.inputs, ", ",
                   [&](ValueId input) {
                     return input == kNoValue ? std::string("_") : "%" + written(graph.value(input).name);
                   }) +
            ")";
  if (!node.attributes.empty()) {
    result += " {" +
              joined(node.attributes, ", ",
                     [](const auto& entry) {
                       return written(entry.first) + "=" + std::visit(AttributePrinter{}, entry.second);
                     }) +
              "}";
  }
  if (!node.name.empty()) result += " @" + written(node.name);
  if (node.format != base::NumberFormat::float32) result += " in " + std::string(base::name_of(node.format));
  return result;
}

std::string constant_text(const Value& value, const TextOptions& options) {
  const Tensor& tensor = *value.constant;
  const bool whole = tensor.count() <= options.values_up_to;
  return "const " + value_text(value) + " = " + (whole ? text::data(tensor) : text::checksum(tensor));
}

}  // namespace

std::string print(const Graph& graph, const TextOptions& options) {
  std::string result = "graph " + (graph.name.empty() ? "" : written(graph.name) + " ") + "{\n";
  const auto line = [&](const std::string& text) { result += "  " + text + "\n"; };
  for (const auto& [key, value] : graph.metadata) line("meta " + written(key) + " = " + text::quote(value));
  for (const ValueId input : graph.inputs) line("input " + value_text(graph.value(input)));
  for (const ValueId constant : graph.constants()) line(constant_text(graph.value(constant), options));

  // Nodes on a cycle, or behind one, come last: the text must show broken graphs as well.
  std::vector<NodeId> order = graph.sorted();
  const std::unordered_set<NodeId> sorted(order.begin(), order.end());
  for (const NodeId id : graph.nodes()) {
    if (!sorted.contains(id)) order.push_back(id);
  }
  for (const NodeId id : order) line(node_text(graph, id));
  if (!graph.outputs.empty()) {
    line("output " + joined(graph.outputs, ", ", [&](ValueId id) { return "%" + written(graph.value(id).name); }));
  }
  return result + "}\n";
}

}  // namespace mantissa::ir
