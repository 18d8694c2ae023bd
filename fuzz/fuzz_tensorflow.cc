// Frozen TensorFlow graphs, up to the graph in ONNX's operators.
#include "format/tensorflow.h"
#include "input.h"

using namespace mantissa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check(format::read_frozen_graph(fuzz::bytes_of(data, size)));
  return 0;
}
