// Operators that treat every element alone, with broadcasting.
#include <array>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

Result<void> every_input(Walk& walk, ir::NodeId node) {
  std::vector<const Flow*> inputs;
  for (std::size_t i = 0; i < walk.graph().node(node).inputs.size(); ++i) {
    if (walk.has_input(node, i)) inputs.push_back(&walk.input(node, i));
  }
  MANTISSA_ASSIGN(Flow out, broadcast(walk, node, inputs));
  walk.set_output(node, std::move(out));
  return {};
}

// Further inputs are parameters: scales, per-channel statistics, a ratio.
Result<void> first_input(Walk& walk, ir::NodeId node) {
  Flow out = walk.input(node, 0);
  out.numbers = nullptr;
  for (std::size_t i = 1; i < walk.graph().node(node).inputs.size(); ++i) absorb(out, walk.input(node, i), walk, node);
  walk.set_output(node, std::move(out));
  return {};
}

}  // namespace

std::span<const RuleOf> pointwise_rules() {
  static constexpr auto kRules = std::to_array<RuleOf>({
      {"Abs", every_input},
      {"Add", every_input},
      {"And", every_input},
      {"BatchNormalization", first_input},
      {"Cast", first_input},
      {"CastLike", first_input},
      {"Ceil", every_input},
      {"Celu", every_input},
      {"Clip", every_input},
      {"Cos", every_input},
      {"DequantizeLinear", first_input},
      {"Div", every_input},
      {"Dropout", first_input},
      {"Elu", every_input},
      {"Equal", every_input},
      {"Erf", every_input},
      {"Exp", every_input},
      {"Floor", every_input},
      {"Gelu", every_input},
      {"Greater", every_input},
      {"GreaterOrEqual", every_input},
      {"HardSigmoid", every_input},
      {"HardSwish", every_input},
      {"Identity", every_input},
      {"LRN", first_input},
      {"LeakyRelu", every_input},
      {"Less", every_input},
      {"LessOrEqual", every_input},
      {"Log", every_input},
      {"Max", every_input},
      {"Mean", every_input},
      {"Min", every_input},
      {"Mish", every_input},
      {"Mod", every_input},
      {"Mul", every_input},
      {"Neg", every_input},
      {"Not", every_input},
      {"Or", every_input},
      {"PRelu", every_input},
      {"Pow", every_input},
      {"QuantizeLinear", first_input},
      {"Reciprocal", every_input},
      {"Relu", every_input},
      {"Round", every_input},
      {"RoundTo", first_input},
      {"Selu", every_input},
      {"Sigmoid", every_input},
      {"Sign", every_input},
      {"Sin", every_input},
      {"Softplus", every_input},
      {"Softsign", every_input},
      {"Sqrt", every_input},
      {"Sub", every_input},
      {"Sum", every_input},
      {"Tanh", every_input},
      {"Tap", first_input},
      {"ThresholdedRelu", every_input},
      {"Where", every_input},
      {"Xor", every_input},
  });
  return kRules;
}

}  // namespace mantissa::net
