// Networks that see the whole picture through a few numbers only: a branch of its own makes them (a matrix of colours,
// a gamma, gains of channels), and the rest looks no further than its receptive field once it has them. Cut there, the
// branch sees the whole picture once, and the rest runs in tiles that equal the whole.
#pragma once

#include <cstdint>
#include <optional>

#include "ir/graph.h"
#include "net/geometry.h"

namespace mantissa::net {

struct GlobalBranch {
  ir::Graph branch;                   // picture -> [1, numbers], float32
  ir::Graph rest;                     // picture, [1, numbers] -> what the network gives
  Geometry geometry;                  // of the rest: its radius is finite
  std::int64_t numbers = 0;           // that the branch hands over
  double branch_bytes_per_pixel = 0;  // as Geometry::bytes_per_pixel, of the branch
  double branch_share = 0;            // of the network's multiply-accumulates
};

// The cut is at the values without rows and columns that depend on the whole picture and meet values that have them.
//   %m = GlobalAveragePool(%a)  %g = Sigmoid(%m)  %y = Mul(%b, %g)
//   branch: ... %g, flattened;   rest: %y = Mul(%b, the numbers in the shape of %g)
// nullopt: the network has a finite receptive field anyway, has a second input, or the batch is not 1; the rest sees
// the whole picture still (attention enlarged to it); the branch is most of the network, as where every block has a mean of its own
// (channel attention); or its numbers are too many or no float32. `graph` must have formats and shapes
// (format::with_inferred_shapes).
[[nodiscard]] std::optional<GlobalBranch> split_global_branch(const ir::Graph& graph);

}  // namespace mantissa::net
