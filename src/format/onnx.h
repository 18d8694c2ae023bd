// ONNX files, through the official C++ library (checker, shape inference, operator schemas).
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "format/onnx/data_file.h"
#include "ir/graph.h"
#include "mantissa/result.h"

namespace mantissa::format {

// Reads opset 9 and newer into the IR's opset 21: operators whose meaning or form changed are mapped by their
// since-version; Constant nodes become constants; shapes are inferred; external data is mapped,
// from inside the file's folder only.
// Errors (bad_input): not ONNX, damaged, inconsistent, too deep or too large, an operator outside ONNX's own domain.
// (unsupported): control flow, a newer opset; each names the node.
[[nodiscard]] Result<ir::Graph> read_onnx(const std::filesystem::path& path);
[[nodiscard]] Result<ir::Graph> read_onnx(const base::Bytes& bytes);

struct OnnxWriteOptions {
  // Larger constants go together into `<file>.data` beside it;
  // the default is below protobuf's limit of 2 GiB for one message.
  std::uint64_t external_data_over = 1'500'000'000;
};

// The graph as it stands: annotations are not lowered here (pass/lower_*.h do that).
// Checked by ONNX's own checker before it appears.
[[nodiscard]] Result<void> write_onnx(const ir::Graph& graph, const std::filesystem::path& path,
                                      const OnnxWriteOptions& options = {});
// The same, and the constants whose bytes lie in `data`, which is created for this path, stay there.
[[nodiscard]] Result<void> write_onnx(const ir::Graph& graph, const std::filesystem::path& path, DataFile data);
// The same in memory, for an engine.
[[nodiscard]] Result<std::string> onnx_bytes(const ir::Graph& graph);
// The graph with the formats and shapes that ONNX's own inference gives it on the way through a file in memory.
[[nodiscard]] Result<ir::Graph> with_inferred_shapes(const ir::Graph& graph);

}  // namespace mantissa::format
