// A frozen graph becomes one of the IR: node by node, each after those that it depends on.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "format/tensorflow.h"
#include "format/tensorflow/call.h"
#include "format/tensorflow/graph_def.h"
#include "format/tensorflow/tensor_proto.h"
#include "ir/verify.h"

namespace mantissa::format {
namespace {

const TensorFlowOperator* operator_named(std::string_view op) {
  for (const auto& list : {window_operators(), element_operators(), layout_operators(), resize_operators()})
    for (const TensorFlowOperator& each : list)
      if (each.op == op) return &each;
  return nullptr;
}

// Computes nothing that a picture could come out of.
bool is_aside(const TensorFlowNode& node) {
  return node.op == "Const" || node.op == "Placeholder" || node.op == "NoOp" || node.op == "Assert";
}

class Reader {
 public:
  explicit Reader(std::vector<TensorFlowNode> nodes) : nodes_(std::move(nodes)), held_(nodes_.size()) {}

  Result<ir::Graph> read() {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (!by_name_.emplace(nodes_[i].name, i).second) return bad_input("two of its nodes are named " + nodes_[i].name);
    MANTISSA_TRY(link());
    MANTISSA_ASSIGN(const std::size_t last, output());
    MANTISSA_ASSIGN(const std::vector<std::size_t> order, order_before(last));
    for (const std::size_t i : order) MANTISSA_TRY(convert(i).in(nodes_[i].place()));
    MANTISSA_TRY(finish(last).in(nodes_[last].place()));
    return std::move(graph_);
  }

 private:
  // A node's input: which node it comes out of, as which of its results.
  struct Source {
    std::size_t node = 0;
    std::size_t result = 0;
  };

  Result<void> link() {
    sources_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const std::string& input : nodes_[i].inputs) {
        const std::size_t colon = input.find(':');
        const auto found = by_name_.find(input.substr(0, colon));
        Source source;
        if (found == by_name_.end() || (colon != std::string::npos && !number(input.substr(colon + 1), source.result)))
          return Result<void>(bad_input("its input " + input + " is no node of the graph")).in(nodes_[i].place());
        source.node = found->second;
        sources_[i].push_back(source);
      }
    }
    return {};
  }

  static bool number(std::string_view digits, std::size_t& value) {
    if (digits.empty() || digits.size() > 4) return false;
    value = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return false;
      value = value * 10 + static_cast<std::size_t>(digit - '0');
    }
    return true;
  }

  // The node that the network ends with.
  Result<std::size_t> output() const {
    std::vector<bool> read(nodes_.size());
    for (const auto& sources : sources_)
      for (const Source& source : sources) read[source.node] = true;
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (!read[i] && !is_aside(nodes_[i])) ends.push_back(i);
    if (ends.size() == 1) return ends[0];
    if (ends.empty()) return bad_input("every node of the graph is read by another, so that none is its output");
    return unsupported("the graph ends in " + std::to_string(ends.size()) + " nodes (" + nodes_[ends[0]].name + ", " +
                           nodes_[ends[1]].name + (ends.size() > 2 ? ", ...)" : ")") + " instead of one picture",
                       std::string(kUseTf2onnx));
  }

  // What `last` depends on, and it, in an order to compute them. Errors (bad_input): a cycle.
  Result<std::vector<std::size_t>> order_before(std::size_t last) const {
    enum class Mark : char { none, open, done };
    std::vector<Mark> marks(nodes_.size(), Mark::none);
    std::vector<std::pair<std::size_t, std::size_t>> path{{last, 0}};  // a node, and how many inputs were looked at
    std::vector<std::size_t> order;
    marks[last] = Mark::open;
    while (!path.empty()) {
      auto& [node, looked_at] = path.back();
      if (looked_at == sources_[node].size()) {
        marks[node] = Mark::done;
        order.push_back(node);
        path.pop_back();
        continue;
      }
      const std::size_t next = sources_[node][looked_at++].node;
      if (marks[next] == Mark::open)
        return Result<std::vector<std::size_t>>(bad_input("it depends on itself")).in(nodes_[next].place());
      if (marks[next] == Mark::done) continue;
      marks[next] = Mark::open;
      path.emplace_back(next, 0);
    }
    return order;
  }

  Result<void> convert(std::size_t i) {
    const TensorFlowNode& node = nodes_[i];
    if (node.op == "Const") return read_constant(i);
    if (node.op == "Placeholder") return add_picture(i);
    const TensorFlowOperator* const known = operator_named(node.op);
    if (known == nullptr) return not_known("the operator " + node.op + " is not known here");
    Call call{graph_, constants_, node, {}};
    for (const Source& source : sources_[i]) {
      const Outputs& outputs = held_[source.node];
      if (source.result >= outputs.size())
        return not_known("its input is result " + std::to_string(source.result) + " of " + nodes_[source.node].name +
                         ", which is not known here");
      call.inputs.push_back(outputs[source.result]);
    }
    MANTISSA_ASSIGN(held_[i], known->convert(call));
    return {};
  }

  Result<void> read_constant(std::size_t i) {
    const auto message = nodes_[i].tensor("value");
    if (!message) return bad_input("the constant has no value, so the file is damaged");
    MANTISSA_ASSIGN(ir::Tensor tensor, parse_tensor(*message, constants_.made));
    held_[i] = {std::move(tensor)};
    return {};
  }

  // Which axis the channels of the picture are: what first reads it says, or the shape that is stated.
  Layout layout_of(std::size_t i, const std::vector<std::int64_t>& sizes) const {
    for (std::size_t reader = 0; reader < nodes_.size(); ++reader) {
      const auto& sources = sources_[reader];
      const bool reads = std::any_of(sources.begin(), sources.end(), [&](const Source& s) { return s.node == i; });
      if (reads && nodes_[reader].attributes.contains("data_format"))
        return nodes_[reader].text("data_format", "NHWC") == "NCHW" ? Layout::channels_first : Layout::channels_last;
    }
    const auto picture = [](std::int64_t channels) { return channels == 1 || channels == 3; };
    return picture(sizes[1]) && !picture(sizes[3]) ? Layout::channels_first : Layout::channels_last;
  }

  Result<void> add_picture(std::size_t i) {
    constexpr std::int64_t kFloat = 1;  // framework/types.proto
    if (!graph_.inputs.empty())
      return unsupported("the graph takes a second input beside " + graph_.value(graph_.inputs[0]).name,
                         "Export it with the others as constants");
    if (nodes_[i].integer("dtype", 0) != kFloat) return not_known("the input takes no numbers of type float");
    std::vector<std::int64_t> sizes = nodes_[i].shape("shape").value_or(std::vector<std::int64_t>());
    if (sizes.empty()) sizes = {-1, -1, -1, -1};  // TensorFlow 1 writes a scalar's shape for one that is not known
    if (sizes.size() != 4) return not_known("the input has " + std::to_string(sizes.size()) + " axes instead of four");
    Picture picture;
    picture.layout = layout_of(i, sizes);
    picture.as_input = true;
    ir::Shape shape{{-1, "batch"}, {-1, ""}, {-1, "height"}, {-1, "width"}};
    for (std::size_t d = 0; d < 4; ++d) {
      const std::size_t axis = *axis_in_ir(picture.layout, static_cast<std::int64_t>(d));
      if (sizes[d] > 0) shape[axis] = {sizes[d], ""};
    }
    picture.id = graph_.add_input(nodes_[i].name, base::NumberFormat::float32, shape);
    for (const std::size_t side : {0U, 1U})
      picture.sides[side] =
          shape[side + 2].size > 0 ? exactly(shape[side + 2].size) : Length{picture.id, side + 2, 1, 0};
    held_[i] = {picture};
    return {};
  }

  Result<void> finish(std::size_t last) {
    const auto* const picture = held_[last].empty() ? nullptr : std::get_if<Picture>(&held_[last][0]);
    if (picture == nullptr || graph_.value(picture->id).producer == ir::kNoNode)
      return unsupported("what comes out of it is not computed from a picture", std::string(kUseTf2onnx));
    if ((*graph_.value(graph_.inputs[0]).shape)[1].size < 0)
      return not_known("the file does not state how many channels the picture that goes in has");
    graph_.outputs = {picture->id};
    graph_.value(picture->id).shape = ir::Shape(4);
    graph_.erase_unused();
    if (graph_.value(picture->id).name != nodes_[last].name && !graph_.find_value(nodes_[last].name))
      graph_.rename(picture->id, nodes_[last].name);
    return ir::verify(graph_);
  }

  std::vector<TensorFlowNode> nodes_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::vector<std::vector<Source>> sources_;
  std::vector<Outputs> held_;
  Constants constants_;
  ir::Graph graph_;
};

}  // namespace

Result<ir::Graph> read_frozen_graph(const base::Bytes& bytes) {
  MANTISSA_ASSIGN(std::vector<TensorFlowNode> nodes, parse_graph_def(bytes));
  return Reader(std::move(nodes)).read();
}

}  // namespace mantissa::format
