// Models for tests, and the folder with the shared ones.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "format/onnx.h"
#include "format/onnx/onnx_text.h"
#include "ir/text.h"

namespace mantissa::format {

inline std::filesystem::path shared_folder() {
  const char* folder = std::getenv("MANTISSA_SHARED");
  return folder != nullptr ? folder : "../shared";
}

// The file that ONNX's text form stands for: "opset 17" and a graph.
inline std::string model_bytes(int opset, const std::string& graph) {
  const std::string header = "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) + "]>\n";
  const Result<std::string> bytes = onnx_from_text(header + graph);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return bytes.ok() ? *bytes : std::string();
}

inline Result<ir::Graph> read_bytes(const std::string& bytes) {
  return read_onnx(base::Bytes::take(std::vector<char>(bytes.begin(), bytes.end())));
}

// With every value of every constant: equal texts mean equal graphs.
inline std::string whole_text(const ir::Graph& graph) {
  return ir::print(graph, {.values_up_to = std::numeric_limits<int>::max()});
}

}  // namespace mantissa::format
