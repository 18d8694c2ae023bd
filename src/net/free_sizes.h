// Networks that an exporter fixed to the size of the picture it traced take pictures of any size again.
#pragma once

#include <string>

#include "ir/graph.h"

namespace mantissa::net {

[[nodiscard]] bool has_fixed_sizes(const ir::Graph& graph);

// Height and width of the picture become free, and what the file derived from them is computed from the picture:
// the shapes of Reshape and Expand, the sizes of Resize, the ends of Slice.
//   %y = Reshape(%x, {1, 1, 672, 672})        with pictures of 224 x 224:
//   %s = Shape(%picture)  %h = Gather(%s, {2}) * 3  ...  %y = Reshape(%x, Concat({1, 1}, %h, %w))
// Which numbers came from the picture is told by following its rows and columns through the graph (net/geometry.h).
// Afterwards values have no shapes any more: they are to be inferred again. Returns why it cannot be done, with the node
// that forbids it, and then has changed nothing; empty where it was done. Whether the graph really works at other sizes,
// find_geometry tells.
[[nodiscard]] std::string free_sizes(ir::Graph& graph);

}  // namespace mantissa::net
