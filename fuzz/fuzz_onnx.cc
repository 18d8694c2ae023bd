// ONNX files, up to the network that everything after reading works on; with what stands around it cut off where it
// cannot be read as it is.
#include "format/network_file.h"
#include "input.h"

using namespace mantissa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto& path = fuzz::file_of(data, size);
  const auto network = format::read_network(path);
  fuzz::check(network);
  if (!network.ok()) fuzz::check(format::read_network(path, {.cut_custom = true}));
  return 0;
}
