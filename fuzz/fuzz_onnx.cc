// ONNX files, up to the task that is worked out from the graph.
#include "format/onnx.h"
#include "input.h"
#include "net/architecture.h"

using namespace mantissa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Result<ir::Graph> graph = format::read_onnx(fuzz::bytes_of(data, size));
  fuzz::check(graph);
  if (graph.ok()) fuzz::check(net::network_from_graph(*std::move(graph)));
  return 0;
}
