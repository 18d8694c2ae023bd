#include "format/onnx/cut_custom.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "format/onnx/constant_node.h"
#include "format/onnx/levels_around.h"
#include "format/onnx/model_checks.h"
#include "format/onnx/node_order.h"

namespace mantissa::format {
namespace {

// Candidates for each end. A network begins a handful of operators before its first convolution; each candidate costs a
// walk over the graph.
constexpr int kMostCandidates = 64;
constexpr const char* kAdvice = "Give the network as it was before these operators were put around it";

bool is_custom(const onnx::NodeProto& node) { return !is_onnx_domain(node.domain()); }
bool is_layer(const onnx::NodeProto& node) {
  return !is_custom(node) && (node.op_type() == "Conv" || node.op_type() == "ConvTranspose");
}

bool is_one_of(const std::string& op, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

// What a network may begin with that still takes the picture with batch and channels in front; others, as Unsqueeze and
// Cast, belong to what prepares it.
bool may_begin_network(const std::string& op) {
  return is_one_of(op, {"Add", "Sub", "Mul", "Div", "Pad", "Clip", "Identity", "SpaceToDepth"});
}
bool ends_network(const onnx::NodeProto& node) {
  constexpr int kRank = 4;
  if (is_custom(node) || is_one_of(node.op_type(), {"Squeeze", "Unsqueeze", "Cast", "Round"})) return true;
  return node.op_type() == "Transpose" && node.attribute_size() == 1 && node.attribute(0).ints_size() <= kRank;
}

class Cut {
 public:
  explicit Cut(onnx::GraphProto& graph) : graph_(graph) {
    for (const auto& tensor : graph_.initializer()) constants_.insert(tensor.name());
    for (const auto& output : graph_.output()) outputs_.insert(output.name());
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const std::string& output : graph_.node(i).output()) producers_.emplace(output, i);
    }
    find_sides();
  }

  Result<CutOff> run() {
    if (first_ < 0) return unsupported("there is no convolution between its operators of other domains", kAdvice);
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (is_custom(graph_.node(i)) && behind_[at(i)] && before_[at(i)])
        return unsupported("its operator " + describe(graph_.node(i)) + " lies within the network, not around it",
                           kAdvice);
    }
    find_head();
    if (head_.empty()) return unsupported("no single picture leads to its convolutions", kAdvice);
    find_tail();
    if (tail_.empty()) return unsupported("its convolutions do not lead to a single picture", kAdvice);
    return finish();
  }

 private:
  static std::size_t at(int node) { return static_cast<std::size_t>(node); }

  // Which nodes lead to convolutions, and which come from them; both include the convolutions.
  void find_sides() {
    behind_.resize(at(graph_.node_size()));
    before_.resize(at(graph_.node_size()));
    for (int i = 0; i < graph_.node_size(); ++i) {
      const auto& node = graph_.node(i);
      behind_[at(i)] = is_layer(node) || any_producer(node, behind_);
      if (!is_layer(node)) continue;
      if (first_ < 0) first_ = i;
      last_ = i;
    }
    for (int i = last_; i >= 0; --i) {
      before_[at(i)] = before_[at(i)] || is_layer(graph_.node(i));
      if (before_[at(i)]) each_producer(graph_.node(i), [&](int producer) { before_[at(producer)] = true; });
    }
  }

  template <class Visit>
  void each_producer(const onnx::NodeProto& node, Visit&& visit) const {
    for (const std::string& input : node.input()) {
      if (const auto found = producers_.find(input); !input.empty() && found != producers_.end()) visit(found->second);
    }
  }

  bool any_producer(const onnx::NodeProto& node, const std::vector<bool>& marked) const {
    bool any = false;
    each_producer(node, [&](int producer) { any = any || marked[at(producer)]; });
    return any;
  }

  // The nodes that `wanted` (marked) need, back to `head`; nullopt where they need a custom operator or another input.
  std::optional<std::vector<bool>> needed_from(const std::string& head, std::vector<bool> wanted) const {
    for (int i = graph_.node_size() - 1; i >= 0; --i) {
      if (!wanted[at(i)]) continue;
      if (is_custom(graph_.node(i))) return std::nullopt;
      for (const std::string& input : graph_.node(i).input()) {
        if (input.empty() || input == head || constants_.contains(input)) continue;
        const auto producer = producers_.find(input);
        if (producer == producers_.end() || producer->second >= i) return std::nullopt;
        wanted[at(producer->second)] = true;
      }
    }
    return wanted;
  }

  std::vector<bool> layers() const {
    std::vector<bool> marked(at(graph_.node_size()));
    for (int i = 0; i < graph_.node_size(); ++i) marked[at(i)] = is_layer(graph_.node(i));
    return marked;
  }

  // From the first convolution's picture upwards: the outermost value that all convolutions need nothing beside.
  void find_head() {
    const std::vector<bool> all = layers();
    std::string value = graph_.node(first_).input_size() > 0 ? graph_.node(first_).input(0) : "";
    for (int i = 0; i < kMostCandidates && !value.empty(); ++i) {
      if (needed_from(value, all)) head_ = value;
      const auto producer = producers_.find(value);
      if (producer == producers_.end()) return;
      const auto& node = graph_.node(producer->second);
      if (is_custom(node) || !may_begin_network(node.op_type()) || node.input_size() == 0) return;
      const bool second = constants_.contains(node.input(0)) && node.input_size() > 1;
      value = node.input(second ? 1 : 0);
    }
  }

  // Whether everything that comes from convolutions and leaves the network is made of this value.
  bool all_pass(const std::string& value) const {
    std::vector<bool> marked = layers();
    for (int i = 0; i < graph_.node_size(); ++i) {
      const auto& node = graph_.node(i);
      for (const std::string& input : node.input()) {
        const auto producer = producers_.find(input);
        if (input == value || producer == producers_.end() || producer->second >= i) continue;
        marked[at(i)] = marked[at(i)] || marked[at(producer->second)];
      }
      if (!marked[at(i)]) continue;
      if (is_custom(node)) return false;
      for (const std::string& output : node.output())
        if (output != value && outputs_.contains(output)) return false;
    }
    return true;
  }

  // From the last convolution downwards.
  void find_tail() {
    int candidates = 0;
    for (int i = last_; i < graph_.node_size() && candidates < kMostCandidates; ++i) {
      const auto& node = graph_.node(i);
      if (!behind_[at(i)]) continue;
      if (i != last_ && ends_network(node)) return;
      if (node.output_size() == 0) continue;
      ++candidates;
      std::vector<bool> wanted(at(graph_.node_size()));
      wanted[at(i)] = true;
      auto needed = needed_from(head_, std::move(wanted));
      if (!needed || !all_pass(node.output(0))) continue;
      tail_ = node.output(0);
      kept_ = *std::move(needed);
    }
  }

  // Channels of the picture, as the first convolution tells; blocks that come together on the way multiply them.
  std::int64_t channels() const {
    const auto& layer = graph_.node(first_);
    std::int64_t channels = 0;
    for (const auto& tensor : graph_.initializer()) {
      if (layer.input_size() < 2 || tensor.name() != layer.input(1) || tensor.dims_size() < 2) continue;
      const auto group = std::find_if(layer.attribute().begin(), layer.attribute().end(),
                                      [](const auto& attribute) { return attribute.name() == "group"; });
      const bool transposed = layer.op_type() == "ConvTranspose";
      const std::int64_t groups = transposed || group == layer.attribute().end() ? 1 : group->i();
      constexpr std::int64_t kMost = 1 << 20;
      if (tensor.dims(transposed ? 0 : 1) > kMost || groups > kMost) return 0;
      channels = tensor.dims(transposed ? 0 : 1) * groups;
    }
    for (int i = 0; i < first_; ++i) {
      const auto& node = graph_.node(i);
      if (!kept_[at(i)] || node.op_type() != "SpaceToDepth" || node.attribute_size() != 1) continue;
      const std::int64_t block = node.attribute(0).i();
      if (block > 0 && block <= 64) channels /= block * block;
    }
    return channels;
  }

  Result<CutOff> finish() {
    CutOff cut;
    const std::int64_t pictures = channels();
    LevelsAround around(graph_);
    MANTISSA_ASSIGN(cut.levels_in, around.in_front_of(head_, pictures));
    MANTISSA_ASSIGN(cut.levels_out, around.behind(tail_, kept_));
    int front = 0;
    int behind = 0;
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (!kept_[at(i)]) ++(behind_[at(i)] || i > last_ ? behind : front);
      if (kept_[at(i)]) nodes.Add()->Swap(graph_.mutable_node(i));
    }
    cut.what = "what the file does around the network was cut off (" + std::to_string(front) +
               " operators in front of " + head_ + ", " + std::to_string(behind) + " behind " + tail_ + ")";
    graph_.mutable_node()->Swap(&nodes);
    graph_.clear_value_info();
    graph_.clear_input();
    graph_.clear_output();
    auto& shape = *declare(*graph_.add_input(), head_).mutable_shape();
    shape.add_dim()->set_dim_param("batch");
    shape.add_dim()->set_dim_value(pictures);
    shape.add_dim()->set_dim_param("height");
    shape.add_dim()->set_dim_param("width");
    declare(*graph_.add_output(), tail_);
    return cut;
  }

  static onnx::TypeProto::Tensor& declare(onnx::ValueInfoProto& value, const std::string& name) {
    value.set_name(name);
    auto& type = *value.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    return type;
  }

  onnx::GraphProto& graph_;
  std::unordered_set<std::string> constants_;
  std::unordered_set<std::string> outputs_;
  std::unordered_map<std::string, int> producers_;
  std::vector<bool> behind_;
  std::vector<bool> before_;
  std::vector<bool> kept_;
  int first_ = -1;  // convolution
  int last_ = -1;
  std::string head_;
  std::string tail_;
};

}  // namespace

Result<std::optional<CutOff>> cut_custom(onnx::GraphProto& graph) {
  if (std::none_of(graph.node().begin(), graph.node().end(), is_custom)) return std::optional<CutOff>();
  MANTISSA_TRY(hoist_constants(graph));
  MANTISSA_TRY(sort_nodes(graph));
  MANTISSA_ASSIGN(CutOff cut, Cut(graph).run());
  return std::optional<CutOff>(std::move(cut));
}

}  // namespace mantissa::format
