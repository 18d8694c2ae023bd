// How pixels of the output depend on pixels of the input: found from the graph, operator by operator.
#pragma once

#include <optional>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::net {

struct Geometry {
  int scale = 1;
  std::optional<int> radius;  // input pixels; nullopt: an operator makes it global (named in `global_because`)
  int stride = 1;             // the coarsest grid inside the network, in input pixels
  int size_multiple = 1;      // height and width of the input must be multiples of it
  int map_step =
      1;  // where the network takes a map beside the picture: input pixels for each of its elements, along a side
  std::string global_because;
  // What the values that are alive at once take in float32, where they take most, for each input pixel. 0 where it is
  // not in proportion to the picture: attention of every place to every other. Engines fuse operators and keep other
  // layouts beside: they were measured to take 0.9 to 2.2 times as much.
  double bytes_per_pixel = 0;
};

// For a graph with one picture input [N, C, H, W], and perhaps a condition (net/condition.h); walks every path from
// them to the output. Errors (unsupported): an operator whose spatial behaviour is not known, a scale that is not a
// whole number.
[[nodiscard]] Result<Geometry> find_geometry(const ir::Graph& graph);

// Multiply-accumulates of Conv, ConvTranspose, Gemm and MatMul with constant weights, per input pixel of the network.
struct NodeCost {
  ir::NodeId node;
  double macs_per_pixel = 0;
};
[[nodiscard]] std::vector<NodeCost> costs(const ir::Graph& graph);

// The nodes that sum, normalize or compare along all rows or columns of the picture, in the order of execution.
[[nodiscard]] std::vector<ir::NodeId> nodes_over_the_picture(const ir::Graph& graph);

}  // namespace mantissa::net
