// How quantization runs a graph: a function that is handed in, so that no algorithm knows an engine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::quant {

// What a network gets or gives: float32 [batch, channels, height, width].
struct Batch {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
  std::optional<float> condition = {};  // what it is told besides (net/condition.h), in its own numbers
  int map_step = 1;                     // where that is a map: pixels for each of its elements, along a side
};

using Tap =
    std::function<void(std::string_view value, std::span<const std::int64_t> shape, std::span<const float> elements)>;

// Runs the graph on every input in turn. `tap` sees the values with a mantissa.Tap node; `collect` gets each output.
// Either may be empty.
using Execute = std::function<Result<void>(const ir::Graph& graph, std::span<const Batch> inputs, const Tap& tap,
                                           const std::function<void(std::size_t index, Batch output)>& collect)>;

}  // namespace mantissa::quant
