// Tensors whose data lie in a file beside the model.
#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/mapped_file.h"
#include "format/onnx/proto.h"
#include "mantissa/result.h"

namespace mantissa::format {

[[nodiscard]] bool is_external(const onnx::TensorProto& tensor);

// Maps each file once; small tensors are read. A location must lead to a regular file inside the model's folder: no absolute path, no "..",
// no symbolic link that leaves it.
class ExternalData {
 public:
  // nullopt: the model came from memory, so that it has no folder and may refer to none.
  explicit ExternalData(std::optional<std::filesystem::path> folder) : folder_(std::move(folder)) {}

  // The bytes that an external tensor names; whether they fit its shape is the caller's question.
  [[nodiscard]] Result<base::Bytes> find(const onnx::TensorProto& tensor);

 private:
  [[nodiscard]] Result<base::Bytes> open(const std::string& location);

  std::optional<std::filesystem::path> folder_;
  std::map<std::string, base::Bytes> files_;  // by location
  base::PartReader reader_{[] { return false; }};
};

}  // namespace mantissa::format
