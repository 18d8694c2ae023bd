#include "net/geometry.h"

#include "net/condition.h"
#include "net/geometry/walk.h"

namespace mantissa::net {

namespace {

// How many pixels lie between the elements of a map: as networks with unshuffled pictures have them. The first that
// fits is it.
constexpr int kMapSteps[] = {2, 3, 4, 8, 16};

struct Walked {
  Walk walk;
  Result<void> done;
};

Walked walk_through(const ir::Graph& graph, int map_step) {
  Walked walked{Walk(graph, map_step), {}};
  walked.done = walked.walk.run();
  return walked;
}

// The size that a file declares for a map is not believed: exporters are told it by hand.
Walked walk_through(const ir::Graph& graph) {
  Walked as_large = walk_through(graph, 1);
  const auto condition = find_condition(graph);
  if (as_large.done.ok() || !condition || !condition->is_map) return as_large;
  for (const int step : kMapSteps) {
    Walked coarser = walk_through(graph, step);
    if (coarser.done.ok()) return coarser;
  }
  return as_large;
}

}  // namespace

Result<Geometry> find_geometry(const ir::Graph& graph) {
  Walked walked = walk_through(graph);
  MANTISSA_TRY(std::move(walked.done));
  return walked.walk.geometry();
}

std::vector<NodeCost> costs(const ir::Graph& graph) {
  // Where the walk stops, the costs up to there are still right.
  return walk_through(graph).walk.costs();
}

std::vector<ir::NodeId> nodes_over_the_picture(const ir::Graph& graph) { return walk_through(graph).walk.whole(); }

}  // namespace mantissa::net
