// Products with one constant for each channel, and constants that are multiplied.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::pass {

// Mul(factor [batch, channels, height, width], constants [channels, 1, 1])
struct Product {
  ir::ValueId factor;
  std::vector<float> constants;
};

// What `id` comes out of, if that is such a product.
[[nodiscard]] std::optional<Product> product_by_channel(const ir::Graph& graph, ir::ValueId id);

// Replaces a constant input of a node by one whose elements are multiplied by `factor(index)`, named after the old one
// with `suffix`; other readers of the old one are not touched. Errors: those of Tensor::floats.
[[nodiscard]] Result<void> scale_constant(ir::Graph& graph, ir::NodeId node, int input, const std::string& suffix,
                                          const std::function<double(std::size_t)>& factor);

}  // namespace mantissa::pass
