#include "run/onnxruntime/engine.h"

#include "base/progress.h"
#include "run/engine_message.h"

namespace mantissa::run::onnxruntime {

namespace {

void ORT_API_CALL log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char* message) {
  base::detail("ONNX Runtime: " + std::string(message));
}

std::string sentence(const std::exception& exception) {
  return "ONNX Runtime says: " + onnxruntime_sentence(exception.what());
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
      return unsupported(sentence(exception), "Another provider may have this operator");
    default:
      return bad_input(sentence(exception));
  }
}

Error to_error(const std::exception& exception) { return bad_input(sentence(exception)); }

Error out_of_memory() { return unsupported("there is not enough memory for this network", "Use smaller tiles"); }

}  // namespace mantissa::run::onnxruntime
