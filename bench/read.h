// A network as a release works on it.
#pragma once

#include <filesystem>

#include "format/network_file.h"
#include "format/onnx.h"

namespace mantissa {

// With the formats and shapes that writing and reading it as ONNX infers.
inline Result<net::Network> read_with_shapes(const std::filesystem::path& file) {
  MANTISSA_ASSIGN(net::Network network, format::read_network(file));
  MANTISSA_ASSIGN(network.graph, format::with_inferred_shapes(network.graph));
  return network;
}

}  // namespace mantissa
