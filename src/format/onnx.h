// ONNX files, through the official C++ library (checker, shape inference, operator schemas).
#pragma once

#include <filesystem>
#include <optional>
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

// What was cut off around a network (onnx/cut_custom.h).
struct CutOff {
  struct Levels {  // the network's numbers for 8-bit levels 0 and 255
    float black = 0;
    float white = 1;
  };
  std::string what;                 // for users
  std::optional<Levels> levels_in;  // nullopt: what was cut off does not tell
  std::optional<Levels> levels_out;
};
struct CutNetwork {
  ir::Graph graph;
  std::optional<CutOff> cut;  // nullopt: all operators were ONNX's own, and the graph is whole
};
// Reads the network inside: operators of other domains around it, and what goes with them, are cut off.
// Errors: as above; (unsupported) a network that is not whole without them.
[[nodiscard]] Result<CutNetwork> read_onnx_inside(const std::filesystem::path& path);

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
