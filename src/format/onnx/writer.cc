#include <algorithm>
#include <array>

#include "base/files.h"
#include "format/onnx.h"
#include "format/onnx/library_errors.h"
#include "format/onnx/message.h"
#include "format/onnx/stream.h"
#include "ir/verify.h"

namespace mantissa::format {
namespace {

constexpr std::uint64_t alignment = 64;  // of constants in the external file: a cache line, and what vector loads like
constexpr std::size_t small =
    1024;  // bytes; smaller constants stay in the model, where shape inference of other tools finds them

std::uint64_t aligned(std::uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

ExternalPlan plan_external(const ir::Graph& graph, std::string location, std::uint64_t over) {
  ExternalPlan plan{std::move(location), {}};
  std::uint64_t total = 0;
  for (const ir::ValueId id : graph.constants()) total += graph.value(id).constant->bytes.size();
  if (total <= over) return plan;
  std::uint64_t offset = 0;
  for (const ir::ValueId id : graph.constants()) {
    const std::uint64_t length = graph.value(id).constant->bytes.size();
    if (length < small) continue;
    plan.places[id] = {aligned(offset), length};
    offset = aligned(offset) + length;
  }
  return plan;
}

Result<void> write_external(const ir::Graph& graph, const ExternalPlan& plan, base::AtomicFile& file) {
  constexpr std::array<std::byte, alignment> zeros{};
  std::uint64_t offset = 0;
  for (const ir::ValueId id : graph.constants()) {
    const auto found = plan.places.find(id);
    if (found == plan.places.end()) continue;
    MANTISSA_TRY(file.write(std::span(zeros).first(static_cast<std::size_t>(found->second.offset - offset))));
    MANTISSA_TRY(file.write(graph.value(id).constant->bytes.span()));
    offset = found->second.offset + found->second.length;
  }
  return {};
}

Result<int> check(const ir::Graph& graph) {
  MANTISSA_TRY(ir::verify(graph));
  return check_message(graph);
}

Result<void> write(const ir::Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options) {
  MANTISSA_ASSIGN(const int opset, check(graph));
  std::filesystem::path data_path = path;
  data_path += ".data";
  const ExternalPlan plan = plan_external(graph, data_path.filename().string(), options.external_data_over);

  MANTISSA_ASSIGN(base::AtomicFile file, base::AtomicFile::create(path));
  MANTISSA_TRY(stream_model(graph, opset, plan, [&](std::span<const std::byte> run) { return file.write(run); }));
  if (!plan.places.empty()) {
    // The data appear first, so that a model that can be seen is complete.
    MANTISSA_ASSIGN(base::AtomicFile data, base::AtomicFile::create(data_path));
    MANTISSA_TRY(write_external(graph, plan, data));
    MANTISSA_TRY(data.commit());
  }
  return file.commit();
}

}  // namespace

Result<void> write_onnx(const ir::Graph& graph, const std::filesystem::path& path, const OnnxWriteOptions& options) {
  Result<void> done;
  const Result<void> thrown = guarded([&] { done = write(graph, path, options); });
  return (thrown.ok() ? std::move(done) : thrown.error()).in("writing " + path.string());
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

}  // namespace mantissa::format
