#include "pass/spell_out_prelu.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pass/product_by_channel.h"

namespace mantissa::pass {
namespace {

using ir::Graph;
using ir::NodeId;
using ir::ValueId;

ValueId add_like(Graph& graph, ValueId like, std::string op, std::vector<ValueId> inputs, const std::string& name) {
  const ValueId added = graph.add(std::move(op), std::move(inputs), {}, name);
  graph.value(added).format = graph.value(like).format;
  graph.value(added).shape = graph.value(like).shape;
  return added;
}

// One for each channel, or one for all.
struct Slopes {
  std::vector<float> numbers;
  std::vector<std::int64_t> shape;
  // Makes them as many as there are factors.
  void spread_over(std::size_t channels) {
    if (numbers.size() == channels) return;
    numbers.assign(channels, numbers[0]);
    shape = {static_cast<std::int64_t>(channels), 1, 1};
  }
};

// Where the slopes and the factors lie alike, or the slopes are one.
bool fits(const Slopes& slopes, const Product& product) {
  const auto channels = static_cast<std::int64_t>(product.constants.size());
  return (slopes.numbers.size() == 1 || slopes.shape == std::vector<std::int64_t>{channels, 1, 1}) &&
         std::all_of(product.constants.begin(), product.constants.end(), [](float c) { return c > 0; });
}

// The product that alone reads a value.
std::optional<Product> product_behind(const Graph& graph, ValueId id) {
  const NodeId reader = graph.only_reader(id);
  if (reader == ir::kNoNode || graph.node(reader).outputs.size() != 1) return std::nullopt;
  auto product = product_by_channel(graph, graph.node(reader).outputs[0]);
  return product && product->factor == id ? product : std::nullopt;
}

}  // namespace

Result<void> spell_out_prelu(Graph& graph) {
  for (const NodeId id : graph.sorted()) {
    const ir::Tensor* constant = graph.node(id).op == "PRelu" ? graph.constant_input(id, 1) : nullptr;
    if (constant == nullptr) continue;
    MANTISSA_ASSIGN(std::vector<float> numbers, constant->floats());
    Slopes slopes{std::move(numbers), constant->shape};
    std::vector<float> factors(slopes.numbers.size(), 1.0F);
    ValueId x = graph.node(id).inputs[0];
    ValueId y = graph.node(id).outputs[0];
    const auto take = [&](const Product& product) {
      slopes.spread_over(product.constants.size());
      if (factors.size() != product.constants.size()) factors.assign(product.constants.size(), 1.0F);
      for (std::size_t c = 0; c < factors.size(); ++c) factors[c] *= product.constants[c];
    };
    if (const auto before = product_by_channel(graph, x); before && fits(slopes, *before)) {
      take(*before);
      x = before->factor;
    }
    if (const auto behind = product_behind(graph, y); behind && fits(slopes, *behind)) {
      take(*behind);
      y = graph.node(graph.value(y).uses[0].node).outputs[0];
    }
    std::vector<float> of_x, of_relu;
    for (std::size_t c = 0; c < factors.size(); ++c) {
      of_x.push_back(factors[c] * slopes.numbers[c]);
      of_relu.push_back(factors[c] * (1 - slopes.numbers[c]));
    }
    const std::string name = graph.value(y).name;
    const auto times = [&](ValueId value, std::vector<float> by, const std::string& suffix) {
      const ValueId constants =
          graph.add_constant(name + suffix + "_factors", ir::Tensor::of_floats(slopes.shape, std::move(by)));
      return add_like(graph, y, "Mul", {value, constants}, name + suffix);
    };
    const ValueId all = times(x, std::move(of_x), "_slope");
    const ValueId positive = times(add_like(graph, y, "Relu", {x}, name + "_relu"), std::move(of_relu), "_rest");
    const ValueId sum = add_like(graph, y, "Add", {all, positive}, graph.node(graph.value(y).producer).name);
    graph.replace(y, sum);
  }
  graph.erase_unused();
  return {};
}

}  // namespace mantissa::pass
