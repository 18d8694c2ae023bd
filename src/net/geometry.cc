#include "net/geometry.h"

#include "net/geometry/walk.h"

namespace mantissa::net {

Result<Geometry> find_geometry(const ir::Graph& graph) {
  Walk walk(graph);
  MANTISSA_TRY(walk.run());
  return walk.geometry();
}

std::vector<NodeCost> costs(const ir::Graph& graph) {
  Walk walk(graph);
  // Where the walk stops, the costs up to there are still right.
  static_cast<void>(walk.run());
  return walk.costs();
}

}  // namespace mantissa::net
