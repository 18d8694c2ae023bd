// The plan: for one network and one target, the format of every node,
// each with its reason and the alternatives that were refused.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/number_format.h"
#include "ir/graph.h"
#include "pass/lower_to_qdq.h"

namespace mantissa::plan {

struct Refusal {
  base::NumberFormat format;
  std::string reason;
};

struct Choice {
  ir::NodeId node;
  base::NumberFormat format;
  std::string reason;
  std::vector<Refusal> refused;

  // Changes the choice, keeping the old format among the refused.
  void refuse(base::NumberFormat instead, std::string reason);
};

struct Plan {
  std::string variant;          // "int8"
  std::vector<Choice> choices;  // one a node, in the order of execution
};

// `format` is int8 or a float8: convolutions (and, where results stay float, matrix products and transposed convolutions) with constant weights; in
// the closed style also what follows them and works on integers without loss. `protected_nodes` stay float, each for
// its reason.
[[nodiscard]] Plan plan_eight_bits(const ir::Graph& graph, pass::QdqStyle style,
                                   base::NumberFormat format = base::NumberFormat::int8,
                                   const std::map<ir::NodeId, std::string>& protected_nodes = {});
// float16 or bfloat16: every node that computes on floats, but for what depends on the sizes of the picture and not on
// the picture (numbers that a half would round, such as a width of 2049), and what states its type in an attribute.
// In bfloat16, which has no more significant bits than the picture, what no layer with constant weights follows stays
// float32 too: it makes the picture.
[[nodiscard]] Plan plan_half(const ir::Graph& graph, base::NumberFormat format);

// Writes the plan's formats into the graph's nodes.
void apply(const Plan& plan, ir::Graph& graph);

// The values that need a quantization annotation for the formats that the nodes have: what goes into a node of eight
// bits and, in the closed style, what comes out of one, unless an integer Relu alone takes it (which an engine folds
// into the range).
[[nodiscard]] std::vector<ir::ValueId> values_to_quantize(const ir::Graph& graph, pass::QdqStyle style);

// A node whose result holds the same numbers as its input, only elsewhere (DepthToSpace).
[[nodiscard]] bool only_moves_data(const ir::Node& node);

}  // namespace mantissa::plan
