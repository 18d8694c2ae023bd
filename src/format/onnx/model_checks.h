// What must hold for a model before anything looks at its nodes one by one.
#pragma once

#include <string>

#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

[[nodiscard]] bool is_onnx_domain(const std::string& domain);  // whether operators of it are ONNX's own

// "Conv /body/0 (output features)", as ir::Graph::describe() has it.
[[nodiscard]] std::string describe(const onnx::NodeProto& node);

// Returns the model's opset; afterwards ONNX's own domain is spelled "" everywhere and is the only import.
// Errors: (unsupported) opsets and domains beyond ONNX's own, control flow, functions, sparse constants;
// (bad_input) ranks that nobody uses.
[[nodiscard]] Result<int> check_model(onnx::ModelProto& model);

}  // namespace mantissa::format
