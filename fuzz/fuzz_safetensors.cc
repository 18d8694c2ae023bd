// Safetensors files, up to the network that the tensors make.
#include "format/safetensors.h"
#include "input.h"
#include "net/architecture.h"

using namespace mantissa;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<ir::StateDict> state = format::parse_safetensors(fuzz::bytes_of(data, size));
  fuzz::check(state);
  if (state.ok()) fuzz::check(net::network_from_checkpoint(*state));
  return 0;
}
