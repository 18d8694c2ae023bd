#include <algorithm>

#include "base/files.h"
#include "format/onnx.h"
#include "format/onnx/library_errors.h"
#include "format/onnx/message.h"
#include "format/onnx/stream.h"
#include "ir/verify.h"

namespace mantissa::format {
namespace {

ExternalPlan plan_external(const ir::Graph& graph, const DataFile& data) {
  ExternalPlan plan{data.location(), {}};
  for (const ir::ValueId id : graph.constants()) {
    const base::Bytes& bytes = graph.value(id).constant->bytes;
    if (const auto offset = data.find(bytes)) plan.places[id] = {*offset, bytes.size()};
  }
  return plan;
}

// Moves the constants that are not small into the file. Copies of a graph share them, so the caller's stays as it was.
Result<void> write_external(ir::Graph& graph, DataFile& data) {
  std::vector<std::pair<ir::ValueId, std::uint64_t>> places;
  for (const ir::ValueId id : graph.constants()) {
    const base::Bytes& bytes = graph.value(id).constant->bytes;
    if (bytes.size() < kSmallConstant) continue;
    places.emplace_back(id, data.reserve(bytes.size()));
    MANTISSA_TRY(data.file().write_at(places.back().second, bytes.span()));
  }
  MANTISSA_ASSIGN(const base::Bytes contents, data.contents());
  for (const auto& [id, offset] : places) {
    base::Bytes& bytes = graph.value(id).constant->bytes;
    bytes = contents.part(offset, bytes.size());
  }
  return {};
}

Result<int> check(const ir::Graph& graph) {
  MANTISSA_TRY(ir::verify(graph));
  return check_message(graph);
}

Result<void> write(const ir::Graph& graph, const std::filesystem::path& path, DataFile* data) {
  MANTISSA_ASSIGN(const int opset, check(graph));
  const ExternalPlan plan = data != nullptr ? plan_external(graph, *data) : ExternalPlan();
  MANTISSA_ASSIGN(base::AtomicFile file, base::AtomicFile::create(path));
  MANTISSA_TRY(stream_model(graph, opset, plan, [&](std::span<const std::byte> run) { return file.write(run); }));
  // The data appear first, so that a model that can be seen is complete.
  if (!plan.places.empty()) MANTISSA_TRY(data->file().commit());
  return file.commit();
}

Result<void> write(const ir::Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options) {
  std::uint64_t total = 0;
  for (const ir::ValueId id : graph.constants()) total += graph.value(id).constant->bytes.size();
  if (total <= options.external_data_over) return write(graph, path, nullptr);
  ir::Graph moved = graph;
  MANTISSA_ASSIGN(DataFile data, DataFile::create(path));
  MANTISSA_TRY(write_external(moved, data));
  return write(moved, path, &data);
}

template <class Work>
Result<void> guarded_writing(const std::filesystem::path& path, Work&& work) {
  Result<void> done;
  const Result<void> thrown = guarded([&] { done = work(); });
  return (thrown.ok() ? std::move(done) : thrown.error()).in("writing " + path.string());
}

}  // namespace

Result<void> write_onnx(const ir::Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options) {
  return guarded_writing(path, [&] { return write(graph, path, options); });
}

Result<void> write_onnx(const ir::Graph& graph, const std::filesystem::path& path, DataFile data) {
  return guarded_writing(path, [&] { return write(graph, path, &data); });
}

Result<std::string> onnx_bytes(const ir::Graph& graph) {
  MANTISSA_ASSIGN(const int opset, check(graph));
  std::string bytes;
  std::size_t total = 1U << 20;  // room for all but the constants of most networks
  for (const ir::ValueId id : graph.constants()) total += graph.value(id).constant->bytes.size();
  bytes.reserve(total);
  MANTISSA_TRY(stream_model(graph, opset, {}, [&](std::span<const std::byte> run) -> Result<void> {
    bytes.append(reinterpret_cast<const char*>(run.data()), run.size());
    return {};
  }));
  return bytes;
}

Result<ir::Graph> with_inferred_shapes(const ir::Graph& graph) {
  MANTISSA_ASSIGN(const std::string onnx, onnx_bytes(graph));
  return read_onnx(base::Bytes::take(std::vector<char>(onnx.begin(), onnx.end())));
}

}  // namespace mantissa::format
