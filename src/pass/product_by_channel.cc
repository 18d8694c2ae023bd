#include "pass/product_by_channel.h"

#include <utility>

namespace mantissa::pass {

std::optional<Product> product_by_channel(const ir::Graph& graph, ir::ValueId id) {
  const ir::NodeId producer = graph.value(id).producer;
  if (producer == ir::kNoNode || graph.node(producer).op != "Mul") return std::nullopt;
  const ir::Tensor* constants = graph.constant_input(producer, 1);
  if (constants == nullptr || constants->shape.size() != 3 || constants->shape[1] != 1 || constants->shape[2] != 1)
    return std::nullopt;
  const ir::ValueId factor = graph.node(producer).inputs[0];
  const auto& shape = graph.value(factor).shape;
  if (!shape || shape->size() != 4 || (*shape)[1].size != constants->shape[0]) return std::nullopt;
  auto values = constants->floats();
  if (!values.ok()) return std::nullopt;
  return Product{factor, *std::move(values)};
}

Result<void> scale_constant(ir::Graph& graph, ir::NodeId node, int input, const std::string& suffix,
                            const std::function<double(std::size_t)>& factor) {
  const auto index = static_cast<std::size_t>(input);
  const ir::Tensor& old = *graph.constant_input(node, index);
  const std::string name = graph.value(graph.node(node).inputs[index]).name;
  const std::vector<std::int64_t> shape = old.shape;
  MANTISSA_ASSIGN(std::vector<float> values, old.floats());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(values[i] * factor(i));
  graph.set_input(node, input, graph.add_constant(name + suffix, ir::Tensor::of_floats(shape, std::move(values))));
  return {};
}

}  // namespace mantissa::pass
