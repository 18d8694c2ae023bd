// One node of an older or newer opset in terms of the IR's opset 21.
//
// ONNX says per operator in which opsets it changed. Most changes only add: types, optional inputs, attributes whose
// default is the old behaviour; the schemas show that. The others have a rule in opset_rules.cc. A change with neither
// is refused rather than guessed. The library's own version converter is not used:
// its older representation drops what it does not know.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/onnx/proto.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

inline constexpr int oldest_opset = 9;
// The newest opset whose changes have been looked at; less where the library is older.
[[nodiscard]] int newest_opset();

// A node on its way into the graph: its values exist there, the node itself does not yet.
struct NodeInMapping {
  ir::Graph& graph;
  ir::Node node;
  std::vector<ir::Node> after;  // to be added behind it
};

using OpsetRule = Result<void> (*)(NodeInMapping&);

inline constexpr int any_opset = 0;

// The rule for what `op` changed in opset `since`, or for what is simplified whatever the opset;
// nullptr where there is none.
[[nodiscard]] OpsetRule opset_rule(std::string_view op, int since);

// Whether what `op` means in opset `since - 1` can be said in the same form in opset `since`.
[[nodiscard]] bool only_adds(const std::string& op, int since);

// "GroupNormalization 21": the changes up to opset 21 that are refused.
// A test compares them with those that are known to be.
[[nodiscard]] std::vector<std::string> refused_changes();

// Maps the nodes of one model.
class OpsetMapping {
 public:
  explicit OpsetMapping(int opset) : opset_(opset) {}

  // Whether ONNX has the operator in this opset and the node is a legal use of it;
  // what later opsets added at its default is taken away.
  // Errors: (bad_input) against the operator's schema, (unsupported) control flow, what opset 21 cannot say.
  [[nodiscard]] Result<void> check(onnx::NodeProto& node) const;
  // From the model's opset to 21. Errors (unsupported): a change without a rule, or a use that a rule cannot map.
  [[nodiscard]] Result<void> apply(NodeInMapping& mapping);

 private:
  // The opsets up to 21 in which the operator changed after `opset_`.
  [[nodiscard]] const std::vector<int>& changes(const std::string& op);

  int opset_;
  std::unordered_map<std::string, std::vector<int>> changes_;
};

}  // namespace mantissa::format
