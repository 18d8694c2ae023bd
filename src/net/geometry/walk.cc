#include "net/geometry/walk.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "net/condition.h"

namespace mantissa::net {
namespace {

const Flow kNoFlow;
constexpr std::int64_t kCoarsestGrid = 1 << 16;
// More is the square of the picture, which is walked at 3 gigapixels.
constexpr double kMostBytesPerPixel = 1 << 20;

const std::unordered_map<std::string_view, Rule>& rules() {
  static const auto all = [] {
    std::unordered_map<std::string_view, Rule> table;
    for (const auto& list :
         {pointwise_rules(), window_rules(), resample_rules(), reshape_rules(), layout_rules(), mixing_rules()}) {
      for (const RuleOf& each : list) table.emplace(each.op, each.rule);
    }
    return table;
  }();
  return all;
}

Flow constant_flow(const ir::Tensor& tensor) {
  Flow flow;
  flow.shape_known = true;
  for (const std::int64_t size : tensor.shape) flow.axes.push_back(plain_axis(size));
  return flow;
}

bool is_picture(const ir::Value& value) {
  return value.shape && value.shape->size() == 4 && !((*value.shape)[2].size == 1 && (*value.shape)[3].size == 1);
}

Axis picture_axis(const ir::Dimension& dimension, Role role, std::int64_t base) {
  Atom atom{same_size(dimension.size), role};
  if (dimension.size < 0) std::iota(atom.size.begin(), atom.size.end(), base);
  return {atom};
}

}  // namespace

bool Walk::has_input(ir::NodeId node, std::size_t index) const {
  const auto& inputs = graph_.node(node).inputs;
  return index < inputs.size() && inputs[index] != ir::kNoValue;
}

const Flow& Walk::input(ir::NodeId node, std::size_t index) const {
  return has_input(node, index) ? flows_[static_cast<std::size_t>(graph_.node(node).inputs[index])] : kNoFlow;
}

std::shared_ptr<const Numbers> Walk::numbers(ir::NodeId node, std::size_t index) const {
  if (const ir::Tensor* constant = graph_.constant_input(node, index)) return numbers_of(*constant);
  return input(node, index).numbers;
}

void Walk::set_output(ir::NodeId node, Flow flow, std::size_t index) {
  const auto& outputs = graph_.node(node).outputs;
  if (index >= outputs.size() || outputs[index] == ir::kNoValue) return;
  flows_[static_cast<std::size_t>(outputs[index])] = std::move(flow);
}

bool Walk::demand_equal(const Sizes& a, const Sizes& b) {
  if (a[0] != b[0]) return false;
  std::array<bool, kProbes> holds{};
  for (std::size_t p = 0; p < holds.size(); ++p) holds[p] = a[p] == b[p];
  demand(holds);
  return true;
}

void Walk::demand(const std::array<bool, kProbes>& holds) {
  for (std::size_t p = 0; p < holds.size(); ++p) fails_[p] = fails_[p] || !holds[p];
}

void Walk::note_grid(Rational step) {
  if (step.overflowed() || stride_ > kCoarsestGrid)
    stride_ = kCoarsestGrid + 1;
  else
    stride_ = std::lcm(stride_, std::min(step.numerator(), kCoarsestGrid + 1));
}

void Walk::note_cost(ir::NodeId node, double macs) { costs_.push_back({node, macs / pixels_}); }

Error Walk::shapes_do_not_fit(ir::NodeId node) const {
  return unsupported("the shapes at " + graph_.describe(node) + " do not fit together");
}

Result<void> Walk::start() {
  std::size_t values = 0;
  const auto count = [&](ir::ValueId id) {
    if (id != ir::kNoValue) values = std::max(values, static_cast<std::size_t>(id) + 1);
  };
  for (const ir::ValueId id : graph_.inputs) count(id);
  for (const ir::ValueId id : graph_.outputs) count(id);
  const std::vector<ir::NodeId> order = graph_.sorted();
  for (const ir::NodeId node : order) {
    for (const ir::ValueId id : graph_.node(node).inputs) count(id);
    for (const ir::ValueId id : graph_.node(node).outputs) count(id);
  }
  flows_.resize(values);
  uses_.resize(values);
  for (const ir::NodeId node : order) {
    for (const ir::ValueId id : graph_.node(node).inputs) {
      if (id == ir::kNoValue) continue;
      const auto index = static_cast<std::size_t>(id);
      if (uses_[index]++ == 0 && graph_.value(id).constant) flows_[index] = constant_flow(*graph_.value(id).constant);
    }
  }
  if (graph_.outputs.size() != 1) {
    return unsupported("the network has " + std::to_string(graph_.outputs.size()) + " outputs instead of one");
  }
  ++uses_[static_cast<std::size_t>(graph_.outputs.front())];  // geometry() looks at it

  const auto condition = find_condition(graph_);
  for (const ir::ValueId id : graph_.inputs) {
    const ir::Value& value = graph_.value(id);
    Flow& flow = flows_[static_cast<std::size_t>(id)];
    if (is_picture(value) && !(condition && condition->condition == id)) {
      if (picture_ != ir::kNoValue) {
        return unsupported("the network takes more than one picture: " + graph_.value(picture_).name + " and " +
                           value.name);
      }
      picture_ = id;
    }
    flow.shape_known = value.shape.has_value();
    for (const ir::Dimension& dimension : value.shape.value_or(ir::Shape{})) {
      flow.axes.push_back(plain_axis(dimension.size < 0 ? 1 : std::min(dimension.size, kLongestAxis)));
    }
  }
  if (picture_ == ir::kNoValue)
    return unsupported("the network has no input of the form [batch, channels, height, width]");

  const ir::Shape& shape = *graph_.value(picture_).shape;
  if (shape[1].size < 1 || shape[2].size == 0 || shape[3].size == 0 || shape[2].size > kLongestAxis ||
      shape[3].size > kLongestAxis) {
    return unsupported("the input " + graph_.value(picture_).name + " does not say how many channels it has",
                       "Export the network again with a fixed number of channels");
  }
  ++uses_[static_cast<std::size_t>(picture_)];
  Flow& flow = flows_[static_cast<std::size_t>(picture_)];
  flow.depends = true;
  flow.axes[2] = picture_axis(shape[2], Role::rows, base_.rows);
  flow.axes[3] = picture_axis(shape[3], Role::columns, base_.columns);
  pixels_ = static_cast<double>(base_size(flow.axes[2])) * static_cast<double>(base_size(flow.axes[3]));
  alive_ = most_alive_ = pixels_ * static_cast<double>(shape[1].size);
  if (condition && condition->is_map) return lay_map(condition->condition);
  return {};
}

// An element of a map lies over map_step_ x map_step_ pixels, and counts as they do.
Result<void> Walk::lay_map(ir::ValueId id) {
  const Flow& picture = flows_[static_cast<std::size_t>(picture_)];
  Flow& flow = flows_[static_cast<std::size_t>(id)];
  flow.depends = true;
  std::array<bool, kProbes> holds{};
  holds.fill(true);
  for (const std::size_t a : {2U, 3U}) {
    const Sizes pixels = sizes_of(picture.axes[a]);
    Sizes size{};
    for (std::size_t p = 0; p < size.size(); ++p) {
      size[p] = pixels[p] / map_step_;
      holds[p] = holds[p] && size[p] * map_step_ == pixels[p];
    }
    const std::int64_t declared = (*graph_.value(id).shape)[a].size;
    if (declared >= 0 && declared != size[0]) {
      return unsupported("the map " + graph_.value(id).name + " is no whole fraction of the picture");
    }
    flow.axes[a] = {Atom{size, picture.axes[a].front().role}};
    coarsen(*this, flow, picture.axes[a].front().role, map_step_);
  }
  demand(holds);
  return {};
}

Result<void> Walk::run() {
  MANTISSA_TRY(start());
  for (const ir::NodeId node : graph_.sorted()) {
    MANTISSA_TRY(visit(node));
    count_memory(node);
    if (watch)
      for (const ir::ValueId id : graph_.node(node).outputs)
        if (id != ir::kNoValue) watch(id, flow(id));
    release_inputs(node);
  }
  return {};
}

Result<void> Walk::visit(ir::NodeId node) {
  if (auto numbers = evaluate_numbers(*this, node)) {
    set_output(node, *std::move(numbers));
    return {};
  }
  const std::string& domain = graph_.node(node).domain;
  const auto rule = rules().find(graph_.node(node).op);
  if (rule == rules().end() || !(domain.empty() || domain == "ai.onnx" || domain == "mantissa")) {
    return unsupported("it is not known how " + graph_.describe(node) + " depends on the pixels around",
                       "Export the network without this operator");
  }
  // A second output (the indices of MaxPool) that the rule says nothing of depends on anything.
  if (graph_.node(node).outputs.size() > 1) MANTISSA_TRY(give_up(*this, node));
  return rule->second(*this, node);
}

double Walk::elements_of_value(ir::ValueId id) const {
  if (id == ir::kNoValue || graph_.value(id).constant || uses_[static_cast<std::size_t>(id)] == 0) return 0;
  return elements_of(flows_[static_cast<std::size_t>(id)]);
}

// Pixel by pixel an operator may write over the input that nobody else needs any more, and engines let it.
void Walk::count_memory(ir::NodeId node) {
  const auto pointwise = pointwise_rules();
  const bool in_place = std::any_of(pointwise.begin(), pointwise.end(),
                                    [&](const RuleOf& rule) { return rule.op == graph_.node(node).op; });
  double written = 0, given_back = 0;
  for (const ir::ValueId id : graph_.node(node).outputs) written += elements_of_value(id);
  for (const ir::ValueId id : graph_.node(node).inputs)
    if (in_place && id != ir::kNoValue && uses_[static_cast<std::size_t>(id)] == 1)
      given_back = std::max(given_back, elements_of_value(id));
  alive_ += written;
  most_alive_ = std::max(most_alive_, alive_ - std::min(written, given_back));
}

// What is known of a value is needed until its last use only; a graph may have a million of them.
void Walk::release_inputs(ir::NodeId node) {
  for (const ir::ValueId id : graph_.node(node).inputs) {
    if (id == ir::kNoValue) continue;
    const double elements = elements_of_value(id);
    if (--uses_[static_cast<std::size_t>(id)] > 0) continue;
    alive_ -= elements;
    flows_[static_cast<std::size_t>(id)] = Flow{};
  }
}

// The smallest multiple at which every size works that was tried.
std::optional<int> Walk::size_multiple(const std::array<bool, kProbes>& works) const {
  for (std::size_t multiple = 1; multiple < kProbes; ++multiple) {
    bool all = true;
    for (std::size_t p = 0; p < kProbes; p += multiple) all = all && works[p];
    if (all) return static_cast<int>(multiple);
  }
  return std::nullopt;
}

double Walk::bytes_per_pixel() const {
  const double bytes = most_alive_ / pixels_ * sizeof(float);
  return bytes < kMostBytesPerPixel ? bytes : 0;
}

Result<Geometry> Walk::geometry() const {
  const std::string name = graph_.value(graph_.outputs.front()).name;
  const Flow& out = flows_[static_cast<std::size_t>(graph_.outputs.front())];
  if (!out.shape_known) return unsupported("the size of the output " + name + " cannot be told from the graph");
  if (out.rank() != 4)
    return unsupported("the output " + name + " is no picture of the form [batch, channels, height, width]");
  if (!out.depends) return unsupported("the output " + name + " does not depend on the picture");

  const Flow& in = flows_[static_cast<std::size_t>(picture_)];
  if (base_size(in.axes[0]) != base_size(out.axes[0]))
    return unsupported("the output " + name + " is not one picture for each that goes in");
  const Sizes rows = sizes_of(in.axes[2]);
  const Sizes columns = sizes_of(in.axes[3]);
  const Sizes out_rows = sizes_of(out.axes[2]);
  const Sizes out_columns = sizes_of(out.axes[3]);
  const std::int64_t scale = out_rows[0] / rows[0];
  if (scale < 1 || scale > 64 || scale * rows[0] != out_rows[0] || scale * columns[0] != out_columns[0]) {
    return unsupported("the output " + name + " is not the input enlarged by a whole number: " +
                       std::to_string(out_columns[0]) + " x " + std::to_string(out_rows[0]) + " pixels for " +
                       std::to_string(columns[0]) + " x " + std::to_string(rows[0]));
  }
  std::array<bool, kProbes> works{};
  for (std::size_t p = 0; p < works.size(); ++p) {
    works[p] = !fails_[p] && out_rows[p] == scale * rows[p] && out_columns[p] == scale * columns[p];
  }
  const std::optional<int> multiple = size_multiple(works);
  if (!multiple) return unsupported("the network works for no regular series of picture sizes");
  if (stride_ > kCoarsestGrid) return unsupported("the grids inside the network are too coarse");

  Geometry found;
  found.map_step = map_step_;
  found.scale = static_cast<int>(scale);
  found.stride = static_cast<int>(stride_);
  found.size_multiple = *multiple;
  found.bytes_per_pixel = bytes_per_pixel();
  if (!out.global && (role_of(out.axes[2]) != Role::rows || role_of(out.axes[3]) != Role::columns)) {
    found.global_because = "the rows and columns of the output are not those of the input";
  } else if (out.global) {
    found.global_because = *out.global;
  } else {
    // An output pixel belongs to the input pixel above it: i/scale rounded down.
    const Rational phase(scale - 1, scale);
    std::int64_t radius = 0;
    for (const Reach& reach : out.reach) {
      if (reach.low.overflowed() || reach.high.overflowed()) return unsupported("the receptive field is too large");
      if (reach.step != Rational(1, scale))
        return unsupported("the output " + name + " is not on the grid of the input");
      radius = std::max({radius, -reach.low.ceil(), (reach.high + phase).floor()});
    }
    if (radius > (1 << 30)) return unsupported("the receptive field is too large");
    found.radius = static_cast<int>(radius);
  }
  return found;
}

}  // namespace mantissa::net
