#include "format/onnx/stream.h"

#include <limits>
#include <vector>

#include "format/onnx/message.h"
#include "format/onnx/tensor.h"

namespace mantissa::format {
namespace {

// The tag byte of a length-delimited field: https://protobuf.dev/programming-guides/encoding/
constexpr char tag_of(int field) { return static_cast<char>(field << 3 | 2); }
constexpr char graph_tag = tag_of(onnx::ModelProto::kGraphFieldNumber);
constexpr char initializer_tag = tag_of(onnx::GraphProto::kInitializerFieldNumber);
constexpr char raw_data_tag = tag_of(onnx::TensorProto::kRawDataFieldNumber);

std::string header(char tag, std::uint64_t length) {
  std::string bytes(1, tag);
  for (; length >= 0x80; length >>= 7) bytes += static_cast<char>((length & 0x7F) | 0x80);
  bytes += static_cast<char>(length);
  return bytes;
}

void add_entry(onnx::TensorProto& message, std::string key, std::string value) {
  auto& entry = *message.add_external_data();
  entry.set_key(std::move(key));
  entry.set_value(std::move(value));
}

struct Run {
  std::string head;      // serialized
  base::Bytes raw_data;  // follows it
};

// One constant as an element of GraphProto.initializer. Its raw data are the last field,
// as protobuf itself would write it.
Run run_of(const ir::Graph& graph, ir::ValueId id, const ExternalPlan& external) {
  const ir::Value& value = graph.value(id);
  onnx::TensorProto message;
  message.set_name(value.name);
  describe_tensor(*value.constant, message);
  if (const auto found = external.places.find(id); found != external.places.end()) {
    message.set_data_location(onnx::TensorProto::EXTERNAL);
    add_entry(message, "location", external.location);
    add_entry(message, "offset", std::to_string(found->second.offset));
    add_entry(message, "length", std::to_string(found->second.length));
    const std::string text = message.SerializeAsString();
    return {header(initializer_tag, text.size()) + text, {}};
  }
  const base::Bytes& data = value.constant->bytes;
  const std::string text = message.SerializeAsString() + header(raw_data_tag, data.size());
  return {header(initializer_tag, text.size() + data.size()) + text, data};
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span<const char>(text)); }

}  // namespace

Result<void> stream_model(const ir::Graph& graph, int opset, const ExternalPlan& external, const ByteSink& sink) {
  MANTISSA_ASSIGN(onnx::ModelProto model, to_message(graph, opset));
  // Fields in ascending order, as protobuf writes them: nodes and name before the initializers, inputs,
  // outputs and types behind them.
  onnx::GraphProto behind = std::move(*model.mutable_graph());
  onnx::GraphProto before;
  before.mutable_node()->Swap(behind.mutable_node());
  before.set_name(behind.name());
  behind.clear_name();
  const std::string graph_start = before.SerializeAsString();
  const std::string graph_end = behind.SerializeAsString();
  onnx::ModelProto last;
  last.mutable_opset_import()->Swap(model.mutable_opset_import());
  last.mutable_metadata_props()->Swap(model.mutable_metadata_props());
  model.clear_graph();
  const std::string model_start = model.SerializeAsString();
  const std::string model_end = last.SerializeAsString();

  std::vector<Run> runs;
  std::uint64_t graph_size = graph_start.size() + graph_end.size();
  for (const ir::ValueId id : graph.constants()) {
    runs.push_back(run_of(graph, id, external));
    graph_size += runs.back().head.size() + runs.back().raw_data.size();
  }
  const std::string graph_header = header(graph_tag, graph_size);
  const std::uint64_t total = model_start.size() + graph_header.size() + graph_size + model_end.size();
  if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
    return unsupported(
        "the network takes " + std::to_string(total >> 20) + " MiB, and an ONNX file cannot be larger than 2 GiB",
        "Write it to a file with external data");

  for (const std::string* text : {&model_start, &graph_header, &graph_start}) MANTISSA_TRY(sink(bytes_of(*text)));
  for (const Run& run : runs) {
    MANTISSA_TRY(sink(bytes_of(run.head)));
    if (!run.raw_data.empty()) MANTISSA_TRY(sink(run.raw_data.span()));
  }
  MANTISSA_TRY(sink(bytes_of(graph_end)));
  return sink(bytes_of(model_end));
}

}  // namespace mantissa::format
