// What OpenVINO made of a graph.
#pragma once

#include <openvino/openvino.hpp>

#include "run/provider.h"

namespace mantissa::run::openvino {

// The nodes that are executed, in order, without inputs, outputs and constants.
[[nodiscard]] Placement read_execution_graph(const ov::CompiledModel& model);

}  // namespace mantissa::run::openvino
