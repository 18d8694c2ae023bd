#include "plan/hazards.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "net/geometry.h"
#include "plan/dependence.h"
#include "plan/layers.h"
#include "plan/plan.h"

namespace mantissa::plan {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

// With one scale for all, a channel this much smaller than the largest would have half of its 8 bits.
constexpr double kSkewed = 16;
// Of the largest weight of an output channel to their root mean square. Rounding by steps of a 127th of the largest
// leaves noise of a twelfth of the square of a step: 29 dB below the weights where the ratio is 16 (41 dB at 4, which
// normally distributed weights have).
constexpr double kOutlier = 16;

class Search {
 public:
  explicit Search(const Graph& graph) : graph_(graph), sorted_(graph.sorted()), depends_(dependence(graph, sorted_)) {
    const std::vector<NodeId> whole = net::nodes_over_the_picture(graph);
    whole_.insert(whole.begin(), whole.end());
  }
  Result<std::vector<Hazard>> run();

 private:
  // A hazard of single operators.
  struct Kind {
    std::string_view name;
    std::vector<std::string_view> variants;
    std::string_view reason;
    bool (Search::*is)(NodeId) const;
  };
  static const std::vector<Kind>& kinds();

  bool is_one_of(NodeId id, std::initializer_list<std::string_view> operators) const {
    return graph_.node(id).domain.empty() &&
           std::find(operators.begin(), operators.end(), graph_.node(id).op) != operators.end();
  }
  // Whether an input changes with what is in the picture.
  bool varies(NodeId id, std::size_t input) const;
  NodeId producer(NodeId id, std::size_t input) const { return graph_.value(graph_.node(id).inputs[input]).producer; }

  bool takes_whole(NodeId id) const { return whole_.contains(id); }
  bool is_attention(NodeId id) const;
  bool is_normalization(NodeId id) const;
  bool is_power(NodeId id) const;
  bool is_product(NodeId id) const;
  bool is_gate(NodeId id) const { return is_one_of(id, {"Sigmoid", "Tanh", "HardSigmoid", "Softsign"}); }
  bool is_depthwise(NodeId id) const;

  void add_float_layers(std::vector<Hazard>& found) const;
  void add_broken_chains(std::vector<Hazard>& found) const;
  Result<void> add_skewed_weights(std::vector<Hazard>& found) const;

  const Graph& graph_;
  const std::vector<NodeId> sorted_;
  const Dependence depends_;
  std::set<NodeId> whole_;  // that take in the whole picture
};

const std::vector<Search::Kind>& Search::kinds() {
  static const std::vector<Kind> all = {
      {"whole-picture",
       {"fp16", "int8"},
       "sums, norms and likenesses over the whole picture: in fp16 they overflow or lose digits as it grows, and an "
       "error "
       "of theirs is one of all pixels alike",
       &Search::takes_whole},
      {"powers",
       {"fp16"},
       "squares, powers, exponentials and quotients: the square of 256 is above fp16's largest number, that of 2^-13 "
       "below its smallest",
       &Search::is_power},
      {"products",
       {"fp16", "int8"},
       "products of two values: few of them are much larger than the others, for which one scale of 8 bits is coarse",
       &Search::is_product},
      {"attention",
       {"int8"},
       "attention: its softmax and its products of two values stay in float, with integers before and behind",
       &Search::is_attention},
      {"normalization",
       {"int8"},
       "norms stay in float, and make values of all sizes equally large, so that errors before them grow",
       &Search::is_normalization},
      {"gates",
       {"int8"},
       "sigmoid and tanh are steep around zero and flat elsewhere: of the steps of one scale few lie where they count",
       &Search::is_gate},
      {"depthwise",
       {"int8"},
       "depthwise convolutions: sums of few products, whose errors do not average out, over channels that each have a "
       "range of their own",
       &Search::is_depthwise},
  };
  return all;
}

bool Search::varies(NodeId id, std::size_t input) const {
  const auto& inputs = graph_.node(id).inputs;
  if (input >= inputs.size() || inputs[input] == ir::kNoValue) return false;
  const ir::Value& value = graph_.value(inputs[input]);
  if (value.constant) return false;
  return value.producer == ir::kNoNode || depends_.on_picture.contains(value.producer);
}

bool Search::is_attention(NodeId id) const {
  return is_one_of(id, {"Softmax"}) || (is_one_of(id, {"MatMul", "Einsum"}) && varies(id, 0) && varies(id, 1));
}

bool Search::is_normalization(NodeId id) const {
  return is_one_of(id, {"LayerNormalization", "InstanceNormalization", "GroupNormalization", "RMSNormalization",
                        "LpNormalization", "MeanVarianceNormalization"});
}

bool Search::is_power(NodeId id) const {
  if (is_one_of(id, {"Pow", "Exp", "Log", "Reciprocal", "ReduceL2", "ReduceSumSquare", "LpNormalization"})) return true;
  if (is_one_of(id, {"Div"})) return varies(id, 1);
  return is_one_of(id, {"Mul"}) && graph_.node(id).inputs[0] == graph_.node(id).inputs[1];
}

// Not with what a gate gives, which is small.
bool Search::is_product(NodeId id) const {
  if (!is_one_of(id, {"Mul"}) || is_power(id) || !varies(id, 0) || !varies(id, 1)) return false;
  const auto gated = [&](std::size_t input) {
    const NodeId from = producer(id, input);
    return from != ir::kNoNode && (is_gate(from) || is_one_of(from, {"Softmax"}));
  };
  return !gated(0) && !gated(1);
}

bool Search::is_depthwise(NodeId id) const {
  const ir::Tensor* weights = graph_.node(id).op == "Conv" ? graph_.constant_input(id, 1) : nullptr;
  return weights && graph_.integer(id, "group", 1) > 1 && weights->shape.size() > 1 && weights->shape[1] == 1;
}

// By the words of the planner; for ONNX Runtime's closed chains alone where OpenVINO's form has them in integers.
void Search::add_float_layers(std::vector<Hazard>& found) const {
  const Plan closed = plan_eight_bits(graph_, pass::QdqStyle::closed);
  const Plan open = plan_eight_bits(graph_, pass::QdqStyle::inputs_only);
  std::map<std::string, std::vector<NodeId>> by_reason;
  for (std::size_t i = 0; i < closed.choices.size(); ++i) {
    const Choice& choice = closed.choices[i];
    if (base::needs_scale(choice.format) || !depends_.on_picture.contains(choice.node) ||
        !has_weights(graph_.node(choice.node)) || is_attention(choice.node))
      continue;
    const bool always = !base::needs_scale(open.choices[i].format);
    by_reason[choice.reason + (always ? "" : " (ONNX Runtime's form only)")].push_back(choice.node);
  }
  for (auto& [reason, nodes] : by_reason) {
    std::string text = "layers stay in float: " + reason;
    found.push_back({"float-layers", {"int8"}, std::move(text), std::move(nodes)});
  }
}

void Search::add_broken_chains(std::vector<Hazard>& found) const {
  std::set<NodeId> integers;
  std::map<std::string, int> operators;
  Hazard hazard{"broken-chains", {"int8"}, {}, {}};
  for (const Choice& choice : plan_eight_bits(graph_, pass::QdqStyle::closed).choices) {
    const ir::Node& node = graph_.node(choice.node);
    if (base::needs_scale(choice.format)) {
      integers.insert(choice.node);
    } else if (depends_.on_picture.contains(choice.node) && !has_weights(node) &&
               std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
                 return input != ir::kNoValue && integers.contains(graph_.value(input).producer);
               })) {
      hazard.nodes.push_back(choice.node);
      ++operators[node.op];
    }
  }
  if (hazard.nodes.empty()) return;
  for (const auto& [op, count] : operators)
    hazard.reason += (hazard.reason.empty() ? "" : ", ") + std::to_string(count) + " " + op;
  hazard.reason += " behind integer layers: ONNX Runtime's form turns into float for them and back";
  found.push_back(std::move(hazard));
}

// A channel that is smaller than this beside the largest is a dead one.
constexpr double kNextToNothing = 0x1p-20;

// Of the weights of a layer: how much the ranges of its output channels differ from the median one, and the largest
// ratio of a weight to the root mean square of its channel.
struct Spread {
  double channels = 1;
  double outlier = 1;
};

Spread spread_of(std::span<const float> weights, std::size_t channels, std::size_t inner) {
  std::vector<double> largest(channels), squares(channels);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::size_t c = i / inner % channels;
    const double weight = std::fabs(static_cast<double>(weights[i]));
    largest[c] = std::max(largest[c], weight);
    squares[c] += weight * weight;
  }
  Spread spread;
  const double count = static_cast<double>(weights.size()) / static_cast<double>(channels);
  for (std::size_t c = 0; c < channels; ++c)
    if (squares[c] > 0) spread.outlier = std::max(spread.outlier, largest[c] / std::sqrt(squares[c] / count));
  std::sort(largest.begin(), largest.end());
  std::erase_if(largest, [most = largest.back()](double each) { return each <= most * kNextToNothing; });
  if (!largest.empty()) spread.channels = largest.back() / largest[largest.size() / 2];
  return spread;
}

Result<void> Search::add_skewed_weights(std::vector<Hazard>& found) const {
  Hazard skewed{"skewed-channels", {"int8"}, {}, {}}, outliers{"outlier-weights", {"int8"}, {}, {}};
  double most_skewed = 0, farthest = 0;
  for (const NodeId id : sorted_) {
    const ir::Tensor* weights = has_weights(graph_.node(id)) ? graph_.constant_input(id, 1) : nullptr;
    if (!weights || weights->shape.size() < 2 || !depends_.on_picture.contains(id) ||
        weights->format != base::NumberFormat::float32)
      continue;
    MANTISSA_ASSIGN(const std::vector<float> values, weights->floats());
    const auto axis = static_cast<std::size_t>(output_axis(graph_, id));
    std::size_t inner = 1;
    for (std::size_t d = axis + 1; d < weights->shape.size(); ++d) inner *= static_cast<std::size_t>(weights->shape[d]);
    if (values.empty()) continue;
    const Spread spread = spread_of(values, static_cast<std::size_t>(weights->shape[axis]), inner);
    if (spread.channels >= kSkewed) skewed.nodes.push_back(id);
    if (spread.outlier >= kOutlier) outliers.nodes.push_back(id);
    most_skewed = std::max(most_skewed, spread.channels);
    farthest = std::max(farthest, spread.outlier);
  }
  char text[256];
  std::snprintf(text, sizeof text,
                "weights whose output channels have very different ranges, up to %.0f times the usual: each needs a "
                "scale of its own",
                most_skewed);
  skewed.reason = text;
  std::snprintf(text, sizeof text,
                "single weights far from the others of their output channel, up to %.0f times their root mean square: "
                "the scale that holds them is coarse for the others",
                farthest);
  outliers.reason = text;
  for (Hazard* hazard : {&skewed, &outliers})
    if (!hazard->nodes.empty()) found.push_back(std::move(*hazard));
  return {};
}

Result<std::vector<Hazard>> Search::run() {
  std::vector<Hazard> found;
  for (const Kind& kind : kinds()) {
    Hazard hazard{kind.name, kind.variants, std::string(kind.reason), {}};
    for (const NodeId id : sorted_)
      if (depends_.on_picture.contains(id) && (this->*kind.is)(id)) hazard.nodes.push_back(id);
    if (!hazard.nodes.empty()) found.push_back(std::move(hazard));
  }
  add_float_layers(found);
  add_broken_chains(found);
  MANTISSA_TRY(add_skewed_weights(found));
  return found;
}

}  // namespace

bool is_narrow(const ir::Graph& graph) {
  const auto narrow = [&](ValueId id) {
    if (id == ir::kNoValue || !graph.value(id).format) return false;
    const base::NumberFormat format = *graph.value(id).format;
    return base::is_floating(format) && base::bits_of(format) < 32;
  };
  const std::vector<NodeId> nodes = graph.nodes();
  return std::any_of(nodes.begin(), nodes.end(), [&](NodeId id) {
    const std::vector<ValueId>& outputs = graph.node(id).outputs;
    return graph.is(id, "DequantizeLinear") || std::any_of(outputs.begin(), outputs.end(), narrow);
  });
}

Result<std::vector<Hazard>> find_hazards(const ir::Graph& graph) { return Search(graph).run(); }

}  // namespace mantissa::plan
