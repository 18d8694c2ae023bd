#include "net/keep_border.h"

#include <cstdlib>
#include <optional>

#include "net/geometry/walk.h"

namespace mantissa::net {
namespace {

constexpr std::int64_t kWidest = 256;

// Input pixels that are missing on each side along one axis; 0 where none are, nullopt where that is not what it is.
std::optional<std::int64_t> missing(const Flow& in, const Flow& out, std::size_t axis) {
  const std::int64_t size = base_size(in.axes[axis]), given = base_size(out.axes[axis]);
  const std::int64_t scale = (given + size - 1) / size;
  const std::int64_t lost = scale * size - given;
  if (lost % (2 * scale) != 0 || lost / (2 * scale) > kWidest) return std::nullopt;
  const std::int64_t border = lost / (2 * scale);
  // Both sides lose as much where the middle of what an output pixel sees lies so far inwards.
  const Reach& reach = out.reach[axis - 2];
  const bool is_central = !reach.low.overflowed() && !reach.high.overflowed() &&
                          std::abs(reach.low.ceil() + reach.high.floor() - 2 * border) <= 2;
  return is_central || out.global ? std::optional(border) : std::nullopt;
}

}  // namespace

bool keep_border(ir::Graph& graph) {
  if (graph.inputs.size() != 1) return false;
  Walk walk(graph);
  if (!walk.run().ok()) return false;
  const ir::ValueId picture = graph.inputs.front();
  const Flow &in = walk.flow(picture), &out = walk.flow(graph.outputs.front());
  if (!out.shape_known || out.rank() != 4 || in.rank() != 4) return false;
  const auto rows = missing(in, out, 2), columns = missing(in, out, 3);
  if (!rows || rows != columns || *rows == 0) return false;
  const ir::ValueId pads =
      graph.add_constant("border", ir::Tensor::of_integers({8}, {0, 0, *rows, *rows, 0, 0, *rows, *rows}));
  const ir::ValueId padded = graph.add("Pad", {picture, pads}, {{"mode", std::string("edge")}}, "keep_border");
  graph.value(padded).format = graph.value(picture).format;
  graph.replace_uses(picture, padded, graph.value(padded).producer);
  graph.forget_shapes();
  return true;
}

}  // namespace mantissa::net
