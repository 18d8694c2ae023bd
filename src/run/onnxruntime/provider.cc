// The module "onnxruntime": ONNX Runtime on its own CPU kernels, and on the devices that it or provider libraries have.
#include "run/provider.h"

#include <map>
#include <mutex>

#include "run/onnxruntime/device.h"
#include "run/onnxruntime/engine.h"
#include "run/onnxruntime/session.h"

namespace mantissa::run::onnxruntime {

namespace {

class OnnxRuntimeProvider : public Provider {
 public:
  explicit OnnxRuntimeProvider(const ProviderDescriptor& descriptor) : descriptor_(descriptor) {}
  std::string version() const override {
    const std::string engine = "ONNX Runtime " + Ort::GetVersionString();
    const std::string device = version_of_device(descriptor_);
    return device.empty() ? engine : engine + ", " + std::string(descriptor_.device) + " " + device;
  }
  Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx, const SessionOptions& options) override {
    return OnnxRuntimeSession::open(onnx, options, descriptor_);
  }

 private:
  ProviderDescriptor descriptor_;
};

class OnnxRuntime : public Engine {
 public:
  Result<Provider*> provider(const ProviderDescriptor& descriptor) override {
    const std::lock_guard lock(mutex_);
    if (descriptor.device != kCpu) MANTISSA_TRY(load_device(descriptor));
    return &providers_.try_emplace(std::string(descriptor.name), descriptor).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, OnnxRuntimeProvider> providers_;
};

}  // namespace

}  // namespace mantissa::run::onnxruntime

extern "C" void* mantissa_module_onnxruntime() {
  static mantissa::run::onnxruntime::OnnxRuntime engine;
  return static_cast<mantissa::run::Engine*>(&engine);
}
