// Operators that work element by element, and normalization.
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "format/tensorflow/call.h"

namespace mantissa::format {
namespace {

// --- one operand ---

struct Unary {
  std::string_view op;
  const char* onnx;
  double (*fold)(double) = nullptr;  // for constants, as far as exporters leave them to be computed
};
constexpr Unary kUnary[] = {
    {"Relu", "Relu"},
    {"Tanh", "Tanh"},
    {"Sigmoid", "Sigmoid"},
    {"Elu", "Elu"},
    {"Selu", "Selu"},
    {"Softplus", "Softplus"},
    {"Softsign", "Softsign"},
    {"Erf", "Erf"},
    {"Log", "Log"},
    {"Abs", "Abs", [](double x) { return std::abs(x); }},
    {"Neg", "Neg", [](double x) { return -x; }},
    {"Exp", "Exp", [](double x) { return std::exp(x); }},
    {"Sqrt", "Sqrt", [](double x) { return std::sqrt(x); }},
    {"Reciprocal", "Reciprocal", [](double x) { return 1 / x; }},
    {"Rsqrt", nullptr, [](double x) { return 1 / std::sqrt(x); }},
    {"Square", nullptr, [](double x) { return x * x; }},
};

template <class Table>
auto row_of(const Table& table, std::string_view op) {
  return std::find_if(std::begin(table), std::end(table), [&](const auto& row) { return row.op == op; });
}

// Errors (bad_input): more elements are made out of constants than networks need.
Result<void> count_made(const Call& call, std::size_t elements) {
  constexpr std::int64_t kMostMade = 4'000'000;
  call.constants.made += static_cast<std::int64_t>(elements);
  if (call.constants.made <= kMostMade) return {};
  return bad_input("it computes constants that are larger than any network needs", std::string(kUseTf2onnx));
}

Result<Outputs> unary(Call& call) {
  const Unary& row = *row_of(kUnary, call.node.op);
  if (!call.is_picture(0) && row.fold != nullptr) {
    MANTISSA_ASSIGN(const ir::Tensor tensor, call.constant(0));
    MANTISSA_TRY(count_made(call, static_cast<std::size_t>(tensor.count())));
    MANTISSA_ASSIGN(std::vector<float> values, tensor.floats());
    for (float& value : values) value = static_cast<float>(row.fold(static_cast<double>(value)));
    return Outputs{ir::Tensor::of_floats(tensor.shape, std::move(values))};
  }
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  if (row.op == "Square") return Outputs{call.add("Mul", {x.id, x.id}, {}, x)};
  if (row.op == "Rsqrt") return Outputs{call.add("Reciprocal", {call.add("Sqrt", {x.id}, {}, x).id}, {}, x)};
  return Outputs{call.add(row.onnx, {x.id}, {}, x)};
}

Result<Outputs> leaky_relu(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  return Outputs{call.add("LeakyRelu", {x.id}, {{"alpha", call.node.real("alpha", 0.2F)}}, x)};
}

ir::ValueId number(const Call& call, float value, std::string_view suffix) {
  return call.graph.add_constant(call.node.name + "/" + std::string(suffix), ir::Tensor::of_floats({}, {value}));
}

Result<Outputs> clip(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  float low = 0, high = 6;  // of Relu6
  if (call.node.op == "ClipByValue") {
    MANTISSA_ASSIGN(const ir::Tensor lowest, call.constant(1));
    MANTISSA_ASSIGN(const ir::Tensor highest, call.constant(2));
    if (lowest.count() != 1 || highest.count() != 1) return not_known("its limits are not one number each");
    low = lowest.floats().value()[0];
    high = highest.floats().value()[0];
  }
  return Outputs{call.add("Clip", {x.id, number(call, low, "low"), number(call, high, "high")}, {}, x)};
}

// --- two operands ---

struct Binary {
  std::string_view op;
  const char* onnx;
  double (*fold)(double, double) = nullptr;
};
constexpr Binary kBinary[] = {
    {"Add", "Add", [](double a, double b) { return a + b; }},
    {"AddV2", "Add", [](double a, double b) { return a + b; }},
    {"Sub", "Sub", [](double a, double b) { return a - b; }},
    {"Mul", "Mul", [](double a, double b) { return a * b; }},
    {"RealDiv", "Div", [](double a, double b) { return a / b; }},
    {"Div", "Div", [](double a, double b) { return a / b; }},
    {"Maximum", "Max", [](double a, double b) { return std::max(a, b); }},
    {"Minimum", "Min", [](double a, double b) { return std::min(a, b); }},
    {"Pow", "Pow"},
    {"SquaredDifference", nullptr},
};

// Of constants: the smaller one repeats over the leading axes of the larger.
Result<Outputs> fold(const Call& call, const Binary& row) {
  if (row.fold == nullptr) return not_known("both of its inputs are constants");
  MANTISSA_ASSIGN(const ir::Tensor a, call.constant(0));
  MANTISSA_ASSIGN(const ir::Tensor b, call.constant(1));
  const bool first = a.shape.size() >= b.shape.size() && a.count() >= b.count();
  const ir::Tensor& large = first ? a : b;
  const ir::Tensor& small = first ? b : a;
  const bool repeats =
      small.count() == 1 || (large.shape.size() >= small.shape.size() &&
                             std::equal(small.shape.rbegin(), small.shape.rend(), large.shape.rbegin()));
  if (!repeats || small.count() == 0) return not_known("both of its inputs are constants, of shapes that do not match");
  MANTISSA_TRY(count_made(call, static_cast<std::size_t>(large.count())));
  MANTISSA_ASSIGN(const std::vector<float> left, a.floats());
  MANTISSA_ASSIGN(const std::vector<float> right, b.floats());
  std::vector<float> result(std::max(left.size(), right.size()));
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<float>(
        row.fold(static_cast<double>(left[i % left.size()]), static_cast<double>(right[i % right.size()])));
  return Outputs{ir::Tensor::of_floats(large.shape, std::move(result))};
}

std::optional<Length> combined(std::string_view op, const Length& a, const Length& b) {
  if (op == "Mul") return times(a, b);
  if (op == "Add" || op == "Sub") return plus(a, b, op == "Add" ? 1 : -1);
  return std::nullopt;
}

// Arithmetic on sizes.
Result<Outputs> on_lengths(const Call& call, const Binary& row) {
  MANTISSA_ASSIGN(const Lengths a, call.lengths(0));
  MANTISSA_ASSIGN(const Lengths b, call.lengths(1));
  const std::size_t count = std::max(a.values.size(), b.values.size());
  const auto fits = [&](const Lengths& each) { return each.values.size() == 1 || each.values.size() == count; };
  if (row.onnx == nullptr || !fits(a) || !fits(b)) return not_known("it is arithmetic on sizes of another kind");
  Lengths result{{}, a.is_row || b.is_row};
  for (std::size_t i = 0; i < count; ++i) {
    const auto& left = a.values[a.values.size() == 1 ? 0 : i];
    const auto& right = b.values[b.values.size() == 1 ? 0 : i];
    result.values.push_back(left && right ? combined(row.onnx, *left, *right) : std::nullopt);
  }
  return Outputs{result};
}

bool is_integer(const Held& held) {
  const auto* const tensor = std::get_if<ir::Tensor>(&held);
  return tensor != nullptr ? tensor->format == base::NumberFormat::int64 : std::holds_alternative<Lengths>(held);
}

// A constant beside a picture, its axes those of the IR: one number, or [channels, 1, 1] and the like.
Result<ir::ValueId> beside(const Call& call, std::size_t index, Picture& picture) {
  MANTISSA_ASSIGN(ir::Tensor tensor, call.constant(index));
  if (tensor.count() == 1) {
    tensor.shape.clear();
    return call.graph.add_constant(call.node.name + "/constant", std::move(tensor));
  }
  if (tensor.shape.size() > 4) return bad_input("a constant with more than four axes meets a picture");
  tensor.shape.insert(tensor.shape.begin(), 4 - tensor.shape.size(), 1);
  if (picture.layout == Layout::channels_last) {
    MANTISSA_ASSIGN(tensor, call.turned(tensor, {0, 3, 1, 2}));
  }
  if (tensor.shape[0] != 1) return not_known("a constant differs from picture to picture of a batch");
  if (tensor.shape[2] != 1 || tensor.shape[3] != 1) forget_sides(picture);
  if (tensor.shape[1] != 1) {
    settle_channels(call.graph, picture, tensor.shape[1]);
    picture.channels = std::max(picture.channels, tensor.shape[1]);
  }
  while (tensor.shape.size() > 1 && tensor.shape[0] == 1) tensor.shape.erase(tensor.shape.begin());
  return call.graph.add_constant(call.node.name + "/constant", std::move(tensor));
}

// Two pictures: the result is as large as the larger where one repeats, as what is pooled over all pixels does.
Result<Picture> like_both(const Picture& a, const Picture& b) {
  if (a.layout != b.layout) return not_known("it mixes pictures with channels first and last");
  Picture like = a;
  like.as_input = a.as_input && b.as_input;
  like.channels = std::max(a.channels, b.channels);
  for (const std::size_t i : {0U, 1U}) {
    if (a.sides[i] == exactly(1))
      like.sides[i] = b.sides[i];
    else if (b.sides[i] != exactly(1) && b.sides[i] != a.sides[i])
      like.sides[i] = {};  // of its own
  }
  return like;
}

Result<Outputs> binary(Call& call) {
  const Binary& row = *row_of(kBinary, call.node.op);
  if (call.inputs.size() != 2) return bad_input("it has not two inputs, so the file is damaged");
  if (!call.is_picture(0) && !call.is_picture(1))
    return is_integer(call.inputs[0]) && is_integer(call.inputs[1]) ? on_lengths(call, row) : fold(call, row);
  Picture like;
  std::array<ir::ValueId, 2> operands{};
  if (call.is_picture(0) && call.is_picture(1)) {
    MANTISSA_ASSIGN(const Picture a, call.picture(0));
    MANTISSA_ASSIGN(const Picture b, call.picture(1));
    MANTISSA_ASSIGN(like, like_both(a, b));
    operands = {a.id, b.id};
  } else {
    const std::size_t picture = call.is_picture(0) ? 0 : 1;
    MANTISSA_ASSIGN(like, call.picture(picture));
    operands[picture] = like.id;
    MANTISSA_ASSIGN(operands[1 - picture], beside(call, 1 - picture, like));
  }
  Picture out = call.add(row.onnx != nullptr ? row.onnx : "Sub", {operands[0], operands[1]}, {}, like);
  if (row.op == "SquaredDifference") out = call.add("Mul", {out.id, out.id}, {}, like);
  for (const std::size_t i : {0U, 1U})
    if (out.sides[i] == Length{}) out.sides[i] = {out.id, i + 2, 1, 0};
  return Outputs{out};
}

Result<Outputs> add_all(Call& call) {
  MANTISSA_ASSIGN(Picture sum, call.picture(0));
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    MANTISSA_ASSIGN(const Picture next, call.picture(i));
    MANTISSA_ASSIGN(const Picture like, like_both(sum, next));
    sum = call.add("Add", {sum.id, next.id}, {}, like);
  }
  return Outputs{sum};
}

Result<Outputs> bias_add(Call& call) {
  MANTISSA_ASSIGN(Picture x, call.picture(0));
  MANTISSA_ASSIGN(ir::Tensor bias, call.constant(1));
  MANTISSA_ASSIGN(const Layout layout, call.layout_of(x));
  if (bias.shape.size() != 1) return bad_input("its bias has not one axis");
  if (layout == Layout::channels_first) {
    bias.shape = {bias.shape[0], 1, 1};
    call.inputs[1] = bias;
  }
  MANTISSA_ASSIGN(const ir::ValueId constant, beside(call, 1, x));
  return Outputs{call.add("Add", {x.id, constant}, {}, x)};
}

// (x, scale, offset, mean, variance)
Result<Outputs> batch_normalization(Call& call) {
  MANTISSA_ASSIGN(const Picture x, call.picture(0));
  MANTISSA_TRY(call.layout_of(x));
  if (call.node.integer("is_training", 1) != 0)
    return unsupported("it normalizes by the picture itself, as in training", "Freeze the network for inference");
  std::vector<ir::ValueId> values{x.id};
  for (std::size_t i = 1; i < 5; ++i) {
    MANTISSA_ASSIGN(ir::Tensor tensor, call.constant(i));
    if (tensor.shape.size() != 1) return bad_input("its numbers have not one axis");
    settle_channels(call.graph, x, tensor.shape[0]);
    values.push_back(call.graph.add_constant(call.node.name + "/numbers", std::move(tensor)));
  }
  return Outputs{call.add("BatchNormalization", values, {{"epsilon", call.node.real("epsilon", 1e-4F)}}, x)};
}

constexpr TensorFlowOperator kOperators[] = {
    {"Relu", unary},
    {"Tanh", unary},
    {"Sigmoid", unary},
    {"Elu", unary},
    {"Selu", unary},
    {"Softplus", unary},
    {"Softsign", unary},
    {"Erf", unary},
    {"Log", unary},
    {"Abs", unary},
    {"Neg", unary},
    {"Exp", unary},
    {"Sqrt", unary},
    {"Reciprocal", unary},
    {"Rsqrt", unary},
    {"Square", unary},
    {"LeakyRelu", leaky_relu},
    {"Relu6", clip},
    {"ClipByValue", clip},
    {"Add", binary},
    {"AddV2", binary},
    {"Sub", binary},
    {"Mul", binary},
    {"RealDiv", binary},
    {"Div", binary},
    {"Maximum", binary},
    {"Minimum", binary},
    {"Pow", binary},
    {"SquaredDifference", binary},
    {"AddN", add_all},
    {"BiasAdd", bias_add},
    {"FusedBatchNorm", batch_normalization},
    {"FusedBatchNormV2", batch_normalization},
    {"FusedBatchNormV3", batch_normalization},
};

}  // namespace

std::span<const TensorFlowOperator> element_operators() { return kOperators; }

}  // namespace mantissa::format
