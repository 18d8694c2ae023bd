// Frozen TensorFlow graphs, up to the network that everything after reading works on.
#include "format/network_file.h"
#include "format/tensorflow.h"
#include "input.h"

using namespace mantissa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto graph = format::read_frozen_graph(fuzz::bytes_of(data, size));
  fuzz::check(graph);
  if (graph.ok()) fuzz::check(format::read_network(fuzz::file_of(data, size)));
  return 0;
}
