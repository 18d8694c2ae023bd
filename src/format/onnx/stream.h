// The bytes of an ONNX file, one run after the other, without a second copy of the weights.
//
// Protobuf can only serialize a message that holds all its data. So the runs around the constants are serialized, and
// the constants' own bytes go between them as they lie in the graph.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Where a constant lies in the external file; those without an entry lie in the model.
struct ExternalPlace {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
struct ExternalPlan {
  std::string location;
  std::unordered_map<ir::ValueId, ExternalPlace> places;
};

// Receives the runs in order.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

// Errors: of `sink`; (unsupported) a file of 2 GiB or more.
[[nodiscard]] Result<void> stream_model(const ir::Graph& graph, int opset, const ExternalPlan& external,
                                        const ByteSink& sink);

}  // namespace mantissa::format
