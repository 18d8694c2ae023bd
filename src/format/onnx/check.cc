#include <algorithm>

#include "format/onnx/library_errors.h"
#include "format/onnx/message.h"
#include "format/onnx/tensor.h"
#include "onnx/checker.h"

namespace mantissa::format {
namespace {

// Constants go into the message that is checked without being copied: only small ones, whose values shape inference
// reads, are written out; of a larger one format and shape are enough, so it takes part as an input of the graph.
void add_for_checking(const ir::Graph& graph, onnx::GraphProto& message) {
  constexpr std::size_t small = 1024;
  for (const ir::ValueId id : graph.constants()) {
    const ir::Value& value = graph.value(id);
    if (value.constant->bytes.size() <= small) {
      auto& tensor = *message.add_initializer();
      tensor.set_name(value.name);
      copy_tensor(*value.constant, tensor);
      continue;
    }
    onnx::TensorProto described;
    describe_tensor(*value.constant, described);
    auto& input = *message.add_input();
    input.set_name(value.name);
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(described.data_type());
    for (const std::int64_t size : described.dims()) type.mutable_shape()->add_dim()->set_dim_value(size);
  }
}

Result<void> check(const ir::Graph& graph, int opset) {
  MANTISSA_ASSIGN(onnx::ModelProto model, to_message(graph, opset));
  add_for_checking(graph, *model.mutable_graph());
  Result<void> checked = guarded([&] { onnx::checker::check_model(model, /*full_check=*/true); });
  if (!checked.ok()) checked.error().code = ErrorCode::internal;
  return std::move(checked).in("ONNX's checker");
}

}  // namespace

Result<int> check_message(const ir::Graph& graph) {
  Result<void> checked = check(graph, ir::kOpset);
  if (checked.ok()) return ir::kOpset;
  // Convolutions and many others accept bfloat16 only from opset 22 on, which changed nothing else.
  constexpr int with_bfloat16 = 22;
  const std::vector<ir::ValueId> values = graph.values();
  const bool has_bfloat16 = std::any_of(values.begin(), values.end(), [&](ir::ValueId id) {
    return graph.value(id).format == base::NumberFormat::bfloat16;
  });
  if (has_bfloat16 && check(graph, with_bfloat16).ok()) return with_bfloat16;
  return checked.error();
}

}  // namespace mantissa::format
