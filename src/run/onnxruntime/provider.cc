// The module "onnxruntime": the provider onnxruntime-cpu.
#include "run/provider.h"

#include "run/onnxruntime/engine.h"
#include "run/onnxruntime/session.h"

namespace mantissa::run::onnxruntime {

namespace {

class CpuProvider : public Provider {
 public:
  std::string version() const override { return "ONNX Runtime " + Ort::GetVersionString(); }
  Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx, const SessionOptions& options) override {
    return CpuSession::open(onnx, options);
  }
};

}  // namespace

}  // namespace mantissa::run::onnxruntime

extern "C" void* mantissa_module_onnxruntime() {
  static mantissa::run::onnxruntime::CpuProvider provider;
  return static_cast<mantissa::run::Provider*>(&provider);
}
