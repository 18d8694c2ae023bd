#include "net/free_sizes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "net/condition.h"
#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

constexpr std::int64_t kToTheEnd = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSimple = 64;  // the largest divisor that is believed to be meant

// The length of an axis of a value.
using Length = std::pair<ValueId, std::size_t>;

// One of the numbers that a node is told: a number, times lengths that other values have, over another number.
struct Term {
  std::int64_t number = 1;
  std::vector<Length> lengths;
  std::int64_t divisor = 1;
};

// The operators that are told sizes: by which input.
struct Told {
  std::string_view op;
  std::size_t input;
};
constexpr Told kTold[] = {{"Reshape", 1}, {"Expand", 1}, {"Resize", 3}, {"Slice", 2}};

struct Change {
  NodeId node;
  std::size_t input;
  std::vector<Term> terms;
};

bool runs_over(const Flow& flow, Role role) {
  return std::any_of(flow.axes.begin(), flow.axes.end(), [&](const Axis& axis) {
    return std::any_of(axis.begin(), axis.end(), [&](const Atom& atom) { return atom.role == role; });
  });
}

// Finds the changes: walks the graph as it is, at its own size.
class Finder {
 public:
  Finder(const Graph& graph, ValueId picture) : graph_(graph), walk_(graph), picture_(picture) {
    const ir::Shape& shape = *graph.value(picture).shape;
    size_ = {shape[2].size, shape[3].size};
    lengths_ = {{{Role::rows, size_[0]}, {picture, 2}}, {{Role::columns, size_[1]}, {picture, 3}}};
  }

  std::string run() {
    walk_.watch = [&](ValueId id, const Flow& flow) {
      look_at(graph_.value(id).producer, flow);
      for (std::size_t a = 0; a < flow.axes.size(); ++a)
        if (const Role role = role_of(flow.axes[a]); is_spatial(role))
          lengths_.try_emplace({role, base_size(flow.axes[a])}, id, a);
    };
    const auto walked = walk_.run();
    if (!walked.ok()) return Error(walked.error()).what;
    return obstacle_;
  }

  std::vector<Change> changes;

 private:
  void look_at(NodeId node, const Flow& out) {
    const auto told = std::find_if(std::begin(kTold), std::end(kTold),
                                   [&](const Told& each) { return each.op == graph_.node(node).op; });
    if (told == std::end(kTold) || !graph_.node(node).domain.empty()) return;
    const ir::Tensor* constant = graph_.constant_input(node, told->input);
    if (constant == nullptr) return;
    const Flow& in = walk_.input(node, 0);
    const auto numbers = constant->integers();
    if (!numbers.ok() || !in.shape_known || !out.shape_known) return refuse(node, "sizes there cannot be followed");
    auto terms = told->op == "Slice" ? ends_of(node, in, out, *numbers) : shape_of(node, in, out, *numbers);
    if (terms && !std::equal(terms->begin(), terms->end(), numbers->begin(), numbers->end(),
                             [](const Term& term, std::int64_t number) {
                               return term.lengths.empty() && term.number == number;
                             }))
      changes.push_back({node, told->input, *std::move(terms)});
  }

  void refuse(NodeId node, std::string_view why) {
    if (obstacle_.empty()) obstacle_ = std::string(why) + ": " + graph_.describe(node);
  }

  // What an axis of the output is to be told.
  std::optional<Term> term_of(NodeId node, const Axis& axis, std::int64_t number, std::size_t place) {
    Term term{.number = number, .lengths = {}};
    // Expand repeats to the picture's size what does not depend on the picture: the number alone tells.
    if (graph_.node(node).op == "Expand" && (place == 2 || place == 3) && number == size_[place - 2])
      return Term{.number = 1, .lengths = {{picture_, place}}};
    if (number == 0 || number == -1 || !has_spatial(axis)) return term;
    term.number = 1;
    for (const Atom& atom : axis) {
      const std::size_t side = atom.role == Role::rows ? 0 : 1;
      if (!is_spatial(atom.role)) {
        term.number *= atom.size[0];
      } else if (const auto seen = lengths_.find({atom.role, atom.size[0]}); seen != lengths_.end()) {
        term.lengths.push_back(seen->second);
      } else if (const Rational ratio(atom.size[0], size_[side]);
                 !ratio.overflowed() && ratio.denominator() <= kSimple) {
        term.lengths.emplace_back(picture_, side + 2);
        term.number *= ratio.numerator();
        term.divisor *= ratio.denominator();
      } else {
        refuse(node, std::to_string(atom.size[0]) + " is no simple fraction of the picture's size");
        return std::nullopt;
      }
    }
    return term;
  }

  std::optional<std::vector<Term>> shape_of(NodeId node, const Flow& in, const Flow& out,
                                            const std::vector<std::int64_t>& numbers) {
    if (numbers.size() != out.axes.size() || !graph_.integers(node, "axes", {}).empty()) {
      refuse(node, "it is told the sizes of some axes only");
      return std::nullopt;
    }
    const bool moves = graph_.node(node).op == "Reshape";
    for (const Role role : {Role::rows, Role::columns})
      if (moves && runs_over(in, role) && !runs_over(out, role)) {
        refuse(node, "rows and columns mix");
        return std::nullopt;
      }
    std::vector<Term> terms;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      auto term = term_of(node, out.axes[i], numbers[i], i);
      if (!term) return std::nullopt;
      terms.push_back(*term);
    }
    leave_one_open(terms, numbers, moves);
    return terms;
  }

  // Reshape finds out one size by itself.
  static void leave_one_open(std::vector<Term>& terms, const std::vector<std::int64_t>& numbers, bool moves) {
    const auto derived = [](const Term& term) { return !term.lengths.empty(); };
    if (!moves || std::count_if(terms.begin(), terms.end(), derived) != 1 ||
        std::count(numbers.begin(), numbers.end(), -1) > 0)
      return;
    *std::find_if(terms.begin(), terms.end(), derived) = Term{.number = -1, .lengths = {}};
  }

  std::optional<std::vector<Term>> ends_of(NodeId node, const Flow& in, const Flow& out,
                                           const std::vector<std::int64_t>& numbers) {
    std::vector<Term> terms;
    const auto axes = named_axes(walk_, node, 3, in.rank());
    if (!axes || axes->size() < numbers.size()) return std::nullopt;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const Axis& before = in.axes[(*axes)[i]];
      if (!has_spatial(before) || numbers[i] < 0) {
        terms.push_back(Term{.number = numbers[i], .lengths = {}});
      } else if (numbers[i] >= base_size(before)) {
        terms.push_back(Term{.number = kToTheEnd, .lengths = {}});
      } else {
        const Axis& end = out.axes[(*axes)[i]];
        if (base_size(end) != numbers[i]) {
          refuse(node, "it takes a part of the picture that does not begin at its edge");
          return std::nullopt;
        }
        auto term = term_of(node, end, numbers[i], 0);
        if (!term) return std::nullopt;
        terms.push_back(*term);
      }
    }
    return terms;
  }

  const Graph& graph_;
  Walk walk_;
  ValueId picture_;
  // Where an axis over rows or columns has this length: the first value, since sizes come from the start of a network.
  std::map<std::pair<Role, std::int64_t>, Length> lengths_;
  std::array<std::int64_t, 2> size_{};
  std::string obstacle_;
};

// Writes terms into the graph as arithmetic on shapes.
class Writer {
 public:
  explicit Writer(Graph& graph) : graph_(graph) {}

  void apply(const Change& change) {
    const bool numbers_only =
        std::all_of(change.terms.begin(), change.terms.end(), [](const Term& term) { return term.lengths.empty(); });
    std::vector<std::int64_t> numbers;
    for (const Term& term : change.terms) numbers.push_back(term.number);
    const auto count = static_cast<std::int64_t>(numbers.size());
    ValueId told = ir::kNoValue;
    if (numbers_only) {
      told = graph_.add_constant("sizes", ir::Tensor::of_integers({count}, std::move(numbers)));
    } else {
      std::vector<ValueId> parts;
      for (const Term& term : change.terms) parts.push_back(value_of(term));
      told = parts.size() == 1 ? parts[0] : graph_.add("Concat", parts, {{"axis", std::int64_t{0}}});
    }
    graph_.set_input(change.node, static_cast<int>(change.input), told);
  }

 private:
  ValueId number(std::int64_t value) {
    const auto [entry, is_new] = numbers_.try_emplace(value, ir::kNoValue);
    if (is_new)
      entry->second = graph_.add_constant("size_" + std::to_string(value), ir::Tensor::of_integers({1}, {value}));
    return entry->second;
  }

  ValueId length(const Length& of) {
    const auto [shape, is_new] = shapes_.try_emplace(of.first, ir::kNoValue);
    if (is_new) shape->second = graph_.add("Shape", {of.first});
    const auto [length, is_first] = lengths_.try_emplace(of, ir::kNoValue);
    if (is_first) length->second = graph_.add("Gather", {shape->second, number(static_cast<std::int64_t>(of.second))});
    return length->second;
  }

  ValueId value_of(const Term& term) {
    ValueId product = term.number == 1 && !term.lengths.empty() ? ir::kNoValue : number(term.number);
    for (const Length& each : term.lengths)
      product = product == ir::kNoValue ? length(each) : graph_.add("Mul", {product, length(each)});
    return term.divisor == 1 ? product : graph_.add("Div", {product, number(term.divisor)});
  }

  Graph& graph_;
  std::map<std::int64_t, ValueId> numbers_;
  std::map<ValueId, ValueId> shapes_;
  std::map<Length, ValueId> lengths_;
};

std::optional<ValueId> fixed_picture(const Graph& graph) {
  const auto found = std::find_if(graph.inputs.begin(), graph.inputs.end(), [&](ValueId id) {
    const auto& shape = graph.value(id).shape;
    return shape && shape->size() == 4 && (*shape)[2].size > 1 && (*shape)[3].size > 1;
  });
  return found == graph.inputs.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

bool has_fixed_sizes(const Graph& graph) { return fixed_picture(graph).has_value(); }

std::string free_sizes(Graph& graph) {
  const auto picture = fixed_picture(graph);
  if (!picture) return {};
  if (const auto condition = find_condition(graph); condition ? condition->is_map : graph.inputs.size() != 1)
    return "it has another input with sizes beside the picture";
  Finder finder(graph, *picture);
  std::string obstacle = finder.run();
  if (!obstacle.empty()) return obstacle;
  Writer writer(graph);
  for (const Change& change : finder.changes) writer.apply(change);
  graph.erase_unused();
  graph.forget_shapes();
  ir::Shape& shape = *graph.value(*picture).shape;
  shape[2] = {-1, "height"};
  shape[3] = {-1, "width"};
  return {};
}

}  // namespace mantissa::net
