// The walk through a graph in the order of execution, with one rule an operator
// that says how its output flows from its inputs.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"
#include "net/geometry.h"
#include "net/geometry/flow.h"

namespace mantissa::net {

class Walk {
 public:
  // The smallest picture that the graph is walked for.
  struct Base {
    std::int64_t rows = kBaseRows, columns = kBaseColumns;
  };
  // `map_step`: input pixels for each element of the map that the graph may take beside the picture.
  explicit Walk(const ir::Graph& graph, int map_step = 1) : graph_(graph), map_step_(map_step) {}
  Walk(const ir::Graph& graph, int map_step, Base base) : graph_(graph), map_step_(map_step), base_(base) {}

  // Sees each value behind its node, before what is known of it is forgotten. To be set before run().
  std::function<void(ir::ValueId, const Flow&)> watch;

  // Errors (unsupported): not one picture input and one output, an operator without a rule, shapes that do not fit.
  [[nodiscard]] Result<void> run();
  [[nodiscard]] Result<Geometry> geometry() const;  // after run()
  [[nodiscard]] const std::vector<NodeCost>& costs() const { return costs_; }
  [[nodiscard]] double bytes_per_pixel() const;  // after run(), as Geometry has it
  [[nodiscard]] const std::vector<ir::NodeId>& whole() const { return whole_; }

  // --- for rules ---
  [[nodiscard]] const ir::Graph& graph() const { return graph_; }
  [[nodiscard]] bool has_input(ir::NodeId node, std::size_t index) const;
  // An empty flow (unknown shape) for one that is left out.
  [[nodiscard]] const Flow& input(ir::NodeId node, std::size_t index) const;
  [[nodiscard]] std::shared_ptr<const Numbers> numbers(ir::NodeId node, std::size_t index) const;
  void set_output(ir::NodeId node, Flow flow, std::size_t index = 0);
  [[nodiscard]] const Flow& flow(ir::ValueId value) const { return flows_[static_cast<std::size_t>(value)]; }
  // Marks the sizes of picture at which two lengths differ that must not; false when they differ at the base.
  bool demand_equal(const Sizes& a, const Sizes& b);
  void demand(const std::array<bool, kProbes>& holds);
  // A grid of this fineness occurs in the network.
  void note_grid(Rational step);
  // `macs` of the node for the base picture.
  void note_cost(ir::NodeId node, double macs);
  // The node takes in whole rows or columns.
  void note_whole(ir::NodeId node) {
    if (whole_.empty() || whole_.back() != node) whole_.push_back(node);
  }
  [[nodiscard]] Error shapes_do_not_fit(ir::NodeId node) const;

 private:
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> lay_map(ir::ValueId id);
  [[nodiscard]] Result<void> visit(ir::NodeId node);
  void release_inputs(ir::NodeId node);
  [[nodiscard]] double elements_of_value(ir::ValueId id) const;
  // Counts what lives while a node runs.
  void count_memory(ir::NodeId node);
  [[nodiscard]] std::optional<int> size_multiple(const std::array<bool, kProbes>& works) const;

  const ir::Graph& graph_;
  int map_step_;
  Base base_;
  std::vector<Flow> flows_;        // by value
  std::vector<std::size_t> uses_;  // that are still to come, by value
  std::vector<NodeCost> costs_;
  std::vector<ir::NodeId> whole_;
  ir::ValueId picture_ = ir::kNoValue;
  double pixels_ = 1;  // of the base picture
  double alive_ = 0;   // elements of the values that are still needed
  double most_alive_ = 0;
  std::int64_t stride_ = 1;
  std::array<bool, kProbes> fails_{};
};

using Rule = Result<void> (*)(Walk& walk, ir::NodeId node);
struct RuleOf {
  std::string_view op;
  Rule rule;
};
// One list a file.
[[nodiscard]] std::span<const RuleOf> pointwise_rules();
[[nodiscard]] std::span<const RuleOf> window_rules();    // convolutions and pools
[[nodiscard]] std::span<const RuleOf> resample_rules();  // DepthToSpace, Resize, Pad, Slice, ...
[[nodiscard]] Result<void> resize_rule(Walk& walk, ir::NodeId node);
[[nodiscard]] std::span<const RuleOf> reshape_rules();  // Reshape, Transpose, ...
[[nodiscard]] std::span<const RuleOf> layout_rules();   // Concat, Split, Expand, ...
[[nodiscard]] std::span<const RuleOf> mixing_rules();   // MatMul, Softmax, reductions, ...

// Evaluates arithmetic on sizes: nullopt for what it is not.
[[nodiscard]] std::optional<Flow> evaluate_numbers(const Walk& walk, ir::NodeId node);
[[nodiscard]] std::shared_ptr<const Numbers> numbers_of(const ir::Tensor& tensor);

// --- for rules: combining flows ---
void make_global(Flow& flow, const Walk& walk, ir::NodeId node, std::string_view why);
// A sum, a norm or the like along rows or columns.
void take_whole(Flow& flow, Walk& walk, ir::NodeId node);
// `into` depends on all that `from` depends on.
void absorb(Flow& into, const Flow& from, const Walk& walk, ir::NodeId node);
// Element by element, with broadcasting. Errors: shapes that do not fit.
[[nodiscard]] Result<Flow> broadcast(Walk& walk, ir::NodeId node, std::span<const Flow* const> inputs);
// Axis `a` of one value meets axis `b` of another element by element.
[[nodiscard]] Result<Axis> meet(Walk& walk, ir::NodeId node, Flow& flow, const Axis& a, const Axis& b);
// The shape of the outputs cannot be told: they are global where they depend on pixels.
[[nodiscard]] Result<void> give_up(Walk& walk, ir::NodeId node);
[[nodiscard]] double elements_of(const Flow& flow);  // for the base picture
// {rows, plain k} is a grid k times finer: becomes {rows}.
void fold_phases(Axis& axis, Flow& flow);
// The rows (columns) become groups of `factor` whose pixels stand side by side, in channels or on an axis of their own.
void coarsen(Walk& walk, Flow& flow, Role role, std::int64_t factor);
// Which axes input `index` names, in its order; all of them where it is left out; nullopt where it cannot be told.
[[nodiscard]] std::optional<std::vector<std::size_t>> named_axes(const Walk& walk, ir::NodeId node, std::size_t index,
                                                                 int rank);
// 0 <= result < rank, or nullopt.
[[nodiscard]] std::optional<std::size_t> axis_index(std::int64_t axis, int rank);

}  // namespace mantissa::net
