#include "quant/find_half_islands.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <unordered_map>

#include "base/numbers.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;
using ir::Graph;
using ir::NodeId;
using ir::ValueId;

constexpr double kMargin = 2;
// Of the weights of an output channel. A normal number is rounded by at most a 2048th (float16): what is four times as
// far off lies where the format runs out of digits.
constexpr double kMoreThanRounding = 4;
// A channel that is smaller than this beside the largest matters only if its reader makes up for it with weights a
// million times as large as others, which the format hardly holds; training with weight decay leaves many such
// channels.
constexpr double kNextToNothing = 0x1p-20;

bool is_half(NumberFormat format) { return format == NumberFormat::float16 || format == NumberFormat::bfloat16; }

// IEEE 754 binary16; bfloat16 has the exponents of float32.
double smallest_normal_of(NumberFormat format) { return format == NumberFormat::float16 ? 0x1p-14 : 0x1p-126; }
double rounding_of(NumberFormat format) { return format == NumberFormat::float16 ? 0x1p-11 : 0x1p-8; }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

template <std::size_t N>
bool is_one_of(const ir::Node& node, const std::array<std::string_view, N>& operators) {
  return node.domain.empty() && std::find(operators.begin(), operators.end(), node.op) != operators.end();
}

// Products with weights, whose second input they are; Gemm's and Conv's third is a bias, which is added.
constexpr std::array<std::string_view, 5> kLayers = {"Conv", "ConvTranspose", "Gemm", "MatMul", "Mul"};
constexpr std::array<std::string_view, 4> kKeepFromZero = {"Add", "Sub", "Max", "Clip"};
constexpr std::array<std::string_view, 7> kMoveData = {"Expand",  "Reshape",   "Squeeze", "Unsqueeze",
                                                       "Flatten", "Transpose", "Identity"};

class Search {
 public:
  Search(const Graph& graph, plan::Plan& plan, const Statistics& statistics)
      : graph_(graph), plan_(plan), statistics_(statistics) {}

  Result<void> run() {
    for (std::size_t i = 0; i < plan_.choices.size(); ++i) place_.emplace(plan_.choices[i].node, i);
    for (const ValueId input : graph_.inputs)
      if (const std::string trouble = trouble_with_magnitude(input, largest_format()); !trouble.empty())
        hard_to_hold_.emplace(input, trouble);
    for (plan::Choice& choice : plan_.choices) {
      if (!is_half(choice.format)) continue;
      MANTISSA_ASSIGN(std::string reason, trouble_with(choice));
      if (!reason.empty()) choice.refuse(NumberFormat::float32, std::move(reason));
    }
    while (close_gaps()) {
    }
    return {};
  }

 private:
  NumberFormat largest_format() const {
    const auto half = std::find_if(plan_.choices.begin(), plan_.choices.end(),
                                   [](const plan::Choice& choice) { return is_half(choice.format); });
    return half == plan_.choices.end() ? NumberFormat::float32 : half->format;
  }

  // Empty: none.
  Result<std::string> trouble_with(const plan::Choice& choice) {
    const ir::Node& node = graph_.node(choice.node);
    std::string reason;
    bool reads_a_guard = false;  // only moved, it is one still
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == ir::kNoValue) continue;
      if (const auto entry = hard_to_hold_.find(input); entry != hard_to_hold_.end())
        reason = "reads " + graph_.value(input).name + ", which " + entry->second;
      reads_a_guard = reads_a_guard || guards_.contains(input);
      if (!graph_.value(input).constant || graph_.value(input).format != NumberFormat::float32) continue;
      MANTISSA_ASSIGN(const std::string trouble, trouble_with_constant(choice, i));
      if (!trouble.empty()) reason = "its constant " + graph_.value(input).name + " " + trouble;
    }
    for (const ValueId output : node.outputs) {
      if (output == ir::kNoValue) continue;
      if (reads_a_guard && is_one_of(node, kMoveData)) {
        guards_.insert(output);
        hard_to_hold_.emplace(output, "is kept from zero by less than the format holds");
      }
      const std::string trouble = trouble_with_magnitude(output, choice.format);
      if (trouble.empty()) continue;
      hard_to_hold_.insert_or_assign(output, trouble);
      reason = "its result " + trouble;
    }
    return reason;
  }

  std::string trouble_with_magnitude(ValueId value, NumberFormat format) const {
    const auto largest = statistics_.largest_magnitude(graph_.value(value).name);
    if (!largest || !is_half(format)) return {};
    if (*largest > static_cast<double>(base::largest_of(format)) / kMargin)
      return "reaches " + number(*largest) + " on calibration pictures";
    if (*largest > 0 && *largest < smallest_normal_of(format))
      return "stays within " + number(*largest) + " on calibration pictures";
    return {};
  }

  Result<std::string> trouble_with_constant(const plan::Choice& choice, std::size_t input) {
    const ir::Node& node = graph_.node(choice.node);
    const ir::Tensor& constant = *graph_.value(node.inputs[input]).constant;
    MANTISSA_ASSIGN(const std::vector<float> reals, constant.floats());
    const double largest = largest_magnitude_of(reals);
    // A bound that no number of the format reaches bounds nothing, and infinity says the same.
    const bool is_bound = node.op == "Clip" && node.domain.empty();
    if (!is_bound && largest > static_cast<double>(base::largest_of(choice.format)) / kMargin)
      return "reaches " + number(largest);
    if (largest == 0) return std::string();
    std::vector<float> rounded = reals;
    base::round_to(choice.format, base::Overflow::infinity, rounded);
    if (is_one_of(node, kKeepFromZero) && reals.size() == 1 && rounded[0] == 0) {
      guards_.insert(node.outputs[0]);
      hard_to_hold_.emplace(node.outputs[0], "is kept from zero by less than the format holds");
      return "of " + number(largest) + " would become zero";
    }
    if (input != 1 || !is_one_of(node, kLayers)) return std::string();
    const double error = relative_error(reals, rounded, channels_of(node, constant));
    if (error < kMoreThanRounding * rounding_of(choice.format)) return std::string();
    return "would lose " + number(100 * error) + " % of its weights below the normal numbers of the format";
  }

  // Output channels that lie one behind the other in the weights.
  static std::size_t channels_of(const ir::Node& node, const ir::Tensor& weights) {
    return node.op == "Conv" && !weights.shape.empty() ? static_cast<std::size_t>(weights.shape[0]) : 1;
  }

  // Of the worst of the channels that count.
  static double relative_error(std::span<const float> reals, std::span<const float> rounded, std::size_t channels) {
    const std::size_t size = reals.size() / channels;
    std::vector<double> squares(channels), errors(channels);
    for (std::size_t i = 0; i < channels * size; ++i) {
      const auto real = static_cast<double>(reals[i]);
      squares[i / size] += real * real;
      errors[i / size] += std::pow(static_cast<double>(rounded[i]) - real, 2);
    }
    const double least = *std::max_element(squares.begin(), squares.end()) * kNextToNothing * kNextToNothing;
    double worst = 0;
    for (std::size_t c = 0; c < channels; ++c)
      if (squares[c] > least) worst = std::max(worst, errors[c] / squares[c]);
    return std::sqrt(worst);
  }

  // Whether what is on the other side of a value is float32 anyway.
  bool in_float(NodeId node) const { return !is_half(plan_.choices[place_.at(node)].format); }

  // A half node with an island before and behind it. Whether there was one.
  bool close_gaps() {
    bool any = false;
    for (plan::Choice& choice : plan_.choices) {
      if (!is_half(choice.format)) continue;
      bool before = false, behind = false, all = true;
      for (const ValueId input : graph_.node(choice.node).inputs) {
        if (input == ir::kNoValue || graph_.value(input).format != NumberFormat::float32) continue;
        const NodeId producer = graph_.value(input).producer;
        if (producer == ir::kNoNode) continue;
        in_float(producer) ? before = true : all = false;
      }
      for (const ValueId output : graph_.node(choice.node).outputs)
        for (const ir::Use& use : output == ir::kNoValue ? std::vector<ir::Use>() : graph_.value(output).uses)
          in_float(use.node) ? behind = true : all = false;
      if (!before || !behind || !all) continue;
      choice.refuse(NumberFormat::float32, "stands alone between float32 nodes: two casts would cost more");
      any = true;
    }
    return any;
  }

  const Graph& graph_;
  plan::Plan& plan_;
  const Statistics& statistics_;
  std::unordered_map<NodeId, std::size_t> place_;          // of nodes in the plan
  std::unordered_map<ValueId, std::string> hard_to_hold_;  // with why
  std::set<ValueId> guards_;                               // that a constant keeps from zero
};

}  // namespace

std::vector<ValueId> values_to_watch(const Graph& graph, const plan::Plan& plan) {
  std::vector<ValueId> values;
  for (const ValueId input : graph.inputs)
    if (graph.value(input).format == NumberFormat::float32) values.push_back(input);
  for (const plan::Choice& choice : plan.choices) {
    if (!is_half(choice.format)) continue;
    for (const ValueId output : graph.node(choice.node).outputs)
      if (output != ir::kNoValue && graph.value(output).format == NumberFormat::float32) values.push_back(output);
  }
  return values;
}

Result<void> find_half_islands(const Graph& graph, plan::Plan& plan, const Statistics& statistics) {
  return Search(graph, plan, statistics).run();
}

}  // namespace mantissa::quant
