// What ONNX Runtime made of a graph, from the file that it writes on request.
#pragma once

#include <filesystem>

#include "run/provider.h"

namespace mantissa::run::onnxruntime {

// A folder in the system's folder for temporary files, which goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The nodes of the main graph, in order. Its operators are the engine's own (com.microsoft.QLinearAdd), which
// format::read_onnx refuses by design, so only the few fields that are needed are read here. A node's format is that of
// the data that it takes.
[[nodiscard]] Result<Placement> read_optimized_graph(const std::filesystem::path& path);

}  // namespace mantissa::run::onnxruntime
