// Arithmetic on sizes, evaluated: what torch.onnx makes of x.shape, for Reshape, Resize, Slice, Pad and Expand.
#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>
#include <vector>

#include "net/geometry/numbers.h"

namespace mantissa::net {
namespace {

std::optional<Block> block_of(const Walk& walk, ir::NodeId node, std::size_t index) {
  const auto numbers = walk.numbers(node, index);
  const Flow& flow = walk.input(node, index);
  if (!numbers || !flow.shape_known) return std::nullopt;
  Block block{{}, *numbers};
  for (const Axis& axis : flow.axes) block.shape.push_back(base_size(axis));
  if (count_of(block.shape) != block.count()) return std::nullopt;
  return block;
}

using Binary = double (*)(double, double);
double truncated(double a, double b) { return b == 0 ? std::nan("") : std::trunc(a / b); }
double floored_mod(double a, double b) { return b == 0 ? std::nan("") : a - b * std::floor(a / b); }

const std::unordered_map<std::string_view, Binary>& binaries() {
  static const std::unordered_map<std::string_view, Binary> table{
      {"Add", [](double a, double b) { return a + b; }},
      {"And", [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }},
      {"Div", [](double a, double b) { return a / b; }},
      {"Equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
      {"Greater", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
      {"GreaterOrEqual", [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
      {"Less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
      {"LessOrEqual", [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
      {"Max", [](double a, double b) { return std::max(a, b); }},
      {"Min", [](double a, double b) { return std::min(a, b); }},
      {"Mod", floored_mod},
      {"Mul", [](double a, double b) { return a * b; }},
      {"Or", [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }},
      {"Pow", [](double a, double b) { return std::pow(a, b); }},
      {"Sub", [](double a, double b) { return a - b; }},
  };
  return table;
}

using Unary = double (*)(double);
const std::unordered_map<std::string_view, Unary>& unaries() {
  static const std::unordered_map<std::string_view, Unary> table{
      {"Abs", [](double a) { return std::abs(a); }},
      {"Ceil", [](double a) { return std::ceil(a); }},
      {"Floor", [](double a) { return std::floor(a); }},
      {"Identity", [](double a) { return a; }},
      {"Neg", [](double a) { return -a; }},
      {"Not", [](double a) { return a == 0 ? 1.0 : 0.0; }},
      {"Round", [](double a) { return std::nearbyint(a); }},
      {"Sqrt", [](double a) { return std::sqrt(a); }},
  };
  return table;
}

// The element of `block` that meets element `index` of a result of shape `shape`, with broadcasting.
const Element& broadcast_element(const Block& block, const std::vector<std::int64_t>& shape, std::size_t index) {
  std::size_t at = 0;
  std::size_t stride = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto size = static_cast<std::size_t>(shape[shape.size() - 1 - i]);
    const std::size_t place = index % size;
    index /= size;
    if (i >= block.shape.size()) continue;
    const auto own = static_cast<std::size_t>(block.shape[block.shape.size() - 1 - i]);
    if (own != 1) at += place * stride;
    stride *= own;
  }
  return block.numbers.elements[at];
}

std::optional<std::vector<std::int64_t>> broadcast_shape(const std::vector<Block>& blocks) {
  std::vector<std::int64_t> shape;
  for (const Block& block : blocks) {
    if (block.shape.size() > shape.size()) shape.insert(shape.begin(), block.shape.size() - shape.size(), 1);
    for (std::size_t i = 0; i < block.shape.size(); ++i) {
      std::int64_t& size = shape[shape.size() - block.shape.size() + i];
      if (size == 1)
        size = block.shape[i];
      else if (block.shape[i] != 1 && block.shape[i] != size)
        return std::nullopt;
    }
  }
  if (count_of(shape) > kMostNumbers) return std::nullopt;
  return shape;
}

std::optional<Block> elementwise(const std::vector<Block>& in,
                                 const std::function<double(const std::vector<double>&)>& function) {
  const auto shape = broadcast_shape(in);
  if (!shape) return std::nullopt;
  Block out{*shape, {}};
  out.numbers.elements.resize(count_of(*shape));
  std::vector<double> operands(in.size());
  for (std::size_t e = 0; e < out.count(); ++e) {
    for (std::size_t p = 0; p < static_cast<std::size_t>(kProbes); ++p) {
      for (std::size_t i = 0; i < in.size(); ++i) operands[i] = broadcast_element(in[i], *shape, e)[p];
      out.numbers.elements[e][p] = function(operands);
    }
  }
  for (const Block& block : in) out.numbers.integral = out.numbers.integral && block.numbers.integral;
  return out;
}

std::optional<Block> cast(const Walk& walk, ir::NodeId node, Block data) {
  const std::int64_t to = walk.graph().integer(node, "to", 1);
  const bool floating = to == 1 || to == 10 || to == 11 || to == 16;  // onnx.TensorProto.DataType
  if (!floating) {
    for (Element& element : data.numbers.elements) {
      for (double& value : element) value = std::trunc(value);
    }
  }
  data.numbers.integral = !floating;
  return data;
}

std::optional<Block> evaluate(const Walk& walk, ir::NodeId node, const std::string& op) {
  if (op == "Shape") return shape_block(walk, node);
  std::vector<Block> in;
  const std::size_t inputs = walk.graph().node(node).inputs.size();
  // Those that read further inputs as parameters need only the first as a block.
  const bool one = op == "Slice" || op == "Reshape" || op == "Squeeze" || op == "Unsqueeze" || op == "Expand";
  for (std::size_t i = 0; i < (one ? std::min<std::size_t>(inputs, 1) : inputs); ++i) {
    auto block = block_of(walk, node, i);
    if (!block) return std::nullopt;
    in.push_back(*std::move(block));
  }
  if (in.empty()) return std::nullopt;

  if (const auto unary = unaries().find(op); unary != unaries().end() && in.size() == 1) {
    return elementwise(in, [f = unary->second](const std::vector<double>& x) { return f(x[0]); });
  }
  if (const auto binary = binaries().find(op); binary != binaries().end() && in.size() == 2) {
    const bool integral = in[0].numbers.integral && in[1].numbers.integral;
    const Binary f = op == "Div" && integral ? truncated : binary->second;
    return elementwise(in, [f](const std::vector<double>& x) { return f(x[0], x[1]); });
  }
  if (op == "Where" && in.size() == 3) {
    return elementwise(in, [](const std::vector<double>& x) { return x[0] != 0 ? x[1] : x[2]; });
  }
  if (op == "Gather" && in.size() == 2) return gather_block(walk, node, in[0], in[1]);
  if (op == "Concat") return concat_blocks(in);
  if (op == "Slice") return slice_block(walk, node, in[0]);
  if (op == "Transpose") return transpose_block(walk, node, in[0]);
  if (op == "Reshape") return reshape_block(walk, node, std::move(in[0]));
  if (op == "Cast") return cast(walk, node, std::move(in[0]));
  if (op == "ConstantOfShape") return constant_block(walk, node, in[0]);
  if (op == "Squeeze" && in[0].count() == 1) return Block{{}, std::move(in[0].numbers)};
  if (op == "Unsqueeze" && in[0].shape.empty()) return Block{{1}, std::move(in[0].numbers)};
  return std::nullopt;
}

}  // namespace

std::shared_ptr<const Numbers> numbers_of(const ir::Tensor& tensor) {
  if (count_of(tensor.shape) > kMostNumbers || !tensor.fits()) return nullptr;
  auto numbers = std::make_shared<Numbers>();
  numbers->integral = !base::is_floating(tensor.format);
  const auto push = [&](double value) { numbers->elements.emplace_back().fill(value); };
  if (numbers->integral) {
    const auto values = tensor.integers();
    if (!values) return nullptr;
    for (const std::int64_t value : *values) push(static_cast<double>(value));
  } else {
    const auto values = tensor.floats();
    if (!values || !std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); }))
      return nullptr;
    for (const float value : *values) push(value);
  }
  return numbers;
}

std::optional<Flow> evaluate_numbers(const Walk& walk, ir::NodeId node) {
  if (walk.graph().node(node).outputs.size() != 1) return std::nullopt;
  auto block = evaluate(walk, node, walk.graph().node(node).op);
  if (!block || block->count() > kMostNumbers) return std::nullopt;
  for (const Element& element : block->numbers.elements) {
    if (!std::all_of(element.begin(), element.end(), [](double v) { return std::isfinite(v); })) return std::nullopt;
  }
  Flow flow;
  flow.shape_known = true;
  for (const std::int64_t size : block->shape) flow.axes.push_back(plain_axis(size));
  const auto varies = [](const Element& element) { return element.front() != element.back(); };
  flow.sized = std::any_of(block->numbers.elements.begin(), block->numbers.elements.end(), varies);
  flow.numbers = std::make_shared<const Numbers>(std::move(block->numbers));
  return flow;
}

}  // namespace mantissa::net
