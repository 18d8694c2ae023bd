// Small tensors of numbers with their shape, and the operators that only move their elements.
#pragma once

#include <optional>
#include <vector>

#include "net/geometry/walk.h"

namespace mantissa::net {

using Element = std::array<double, kProbes>;
inline constexpr std::size_t kMostNumbers = 256;

struct Block {
  std::vector<std::int64_t> shape;
  Numbers numbers;

  [[nodiscard]] std::size_t count() const { return numbers.elements.size(); }
};

// The elements of a shape; kMostNumbers + 1 for all that are too many.
[[nodiscard]] std::size_t count_of(const std::vector<std::int64_t>& shape);

// Each gives nullopt for what it does not cover.
[[nodiscard]] std::optional<Block> shape_block(const Walk& walk, ir::NodeId node);
[[nodiscard]] std::optional<Block> gather_block(const Walk& walk, ir::NodeId node, const Block& data,
                                                const Block& indices);
[[nodiscard]] std::optional<Block> concat_blocks(const std::vector<Block>& in);
[[nodiscard]] std::optional<Block> slice_block(const Walk& walk, ir::NodeId node, const Block& data);
[[nodiscard]] std::optional<Block> transpose_block(const Walk& walk, ir::NodeId node, const Block& data);
[[nodiscard]] std::optional<Block> reshape_block(const Walk& walk, ir::NodeId node, Block data);
[[nodiscard]] std::optional<Block> constant_block(const Walk& walk, ir::NodeId node, const Block& shape);

}  // namespace mantissa::net
