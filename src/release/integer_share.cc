#include "release/integer_share.h"

#include <algorithm>

#include "net/geometry.h"

namespace mantissa::release {
namespace {

bool comes_from(std::string_view engine_name, std::string_view node) {
  if (node.empty() || !engine_name.starts_with(node)) return false;
  return engine_name.size() == node.size() || engine_name[node.size()] == '_' || engine_name[node.size()] == '/';
}

bool computes_products(std::string_view op) {
  return op.find("Conv") != std::string_view::npos || op == "Deconvolution" ||
         op.find("MatMul") != std::string_view::npos || op.find("Gemm") != std::string_view::npos ||
         op == "FullyConnected";
}

}  // namespace

double integer_share(const ir::Graph& graph, const run::Placement& placement) {
  double all = 0;
  double integer = 0;
  for (const net::NodeCost& cost : net::costs(graph)) {
    all += cost.macs_per_pixel;
    const bool found =
        std::any_of(placement.entries.begin(), placement.entries.end(), [&](const run::Placement::Entry& entry) {
          return (entry.format == "u8" || entry.format == "s8") && computes_products(entry.op) &&
                 comes_from(entry.node, graph.node(cost.node).name);
        });
    if (found) integer += cost.macs_per_pixel;
  }
  return all > 0 ? integer / all : 0;
}

}  // namespace mantissa::release
