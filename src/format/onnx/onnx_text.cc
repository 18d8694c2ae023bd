#include "format/onnx/onnx_text.h"

#include "format/onnx/library_errors.h"
#include "format/onnx/proto.h"
#include "onnx/defs/parser.h"

namespace mantissa::format {

Result<std::string> onnx_from_text(std::string_view text) {
  std::string bytes;
  Result<void> parsed;
  const Result<void> done = guarded([&] {
    onnx::ModelProto model;
    const std::string copy(text);  // the parser of older releases needs its end
    onnx::OnnxParser parser(copy.c_str());
    const auto status = parser.Parse(model);
    if (!status.IsOK()) parsed = bad_input(as_sentence(status.ErrorMessage()));
    bytes = model.SerializeAsString();
  });
  MANTISSA_TRY(done);
  MANTISSA_TRY(parsed);
  return bytes;
}

}  // namespace mantissa::format
