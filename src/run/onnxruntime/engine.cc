#include "run/onnxruntime/engine.h"

#include <string_view>

#include "base/progress.h"

namespace mantissa::run::onnxruntime {

namespace {

void ORT_API_CALL log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char* message) {
  base::detail("ONNX Runtime: " + std::string(message));
}

// The first line of a message, without the place in the engine's own sources in front or the full stop behind.
std::string sentence(std::string_view message) {
  if (message.find(": /") != std::string_view::npos || message.starts_with('/')) {
    // "... : /onnxruntime_src/onnxruntime/core/x.cc:123 some::Function(...) what went wrong"
    if (const auto end = message.rfind(") "); end != std::string_view::npos && end + 2 < message.size())
      message.remove_prefix(end + 2);
  }
  message = message.substr(0, message.find('\n'));
  while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.remove_suffix(1);
  return "ONNX Runtime says: " + (message.empty() ? "unknown failure" : std::string(message));
}

}  // namespace

Ort::Env& environment() {
  // Never destroyed: sessions of other static objects may outlive this library's own.
  static auto* const env = new Ort::Env(ORT_LOGGING_LEVEL_WARNING, "mantissa", log, nullptr);
  return *env;
}

Error to_error(const Ort::Exception& exception) {
  switch (exception.GetOrtErrorCode()) {
    case ORT_NOT_IMPLEMENTED:
    case ORT_EP_FAIL:
      return unsupported(sentence(exception.what()), "Another provider may have this operator");
    default:
      return bad_input(sentence(exception.what()));
  }
}

Error to_error(const std::exception& exception) { return bad_input(sentence(exception.what())); }

Error out_of_memory() { return unsupported("there is not enough memory for this network", "Use smaller tiles"); }

}  // namespace mantissa::run::onnxruntime
