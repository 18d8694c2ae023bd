// What ONNX Runtime made of a graph, from the file that it writes on request.
#pragma once

#include <filesystem>

#include "run/provider.h"

namespace mantissa::run::onnxruntime {

// A name in the system's folder for temporary files; the file, if somebody wrote it, goes with the object.
class TemporaryFile {
 public:
  TemporaryFile();
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

// The nodes of the main graph, in order. Its operators are the engine's own (com.microsoft.QLinearAdd), which
// format::read_onnx refuses by design, so only the few fields that are needed are read here. A node's format is that of
// the data that it takes.
[[nodiscard]] Result<Placement> read_optimized_graph(const std::filesystem::path& path);

}  // namespace mantissa::run::onnxruntime
