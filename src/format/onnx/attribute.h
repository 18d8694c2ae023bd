// Attributes of nodes between ONNX's messages and the IR.
#pragma once

#include "format/onnx/external_data.h"
#include "format/onnx/proto.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Errors (unsupported): kinds that the IR does not have, graphs above all.
[[nodiscard]] Result<ir::Attribute> take_attribute(onnx::AttributeProto& message, ExternalData& external);
void copy_attribute(const ir::Attribute& attribute, onnx::AttributeProto& message);

}  // namespace mantissa::format
