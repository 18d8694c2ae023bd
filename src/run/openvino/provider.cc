// The module "openvino": OpenVINO on the processor, and on the other devices that it finds.
#include "run/provider.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "run/openvino/engine.h"
#include "run/openvino/session.h"

namespace mantissa::run::openvino {

namespace {

class OpenVinoProvider : public Provider {
 public:
  explicit OpenVinoProvider(const ProviderDescriptor& descriptor) : descriptor_(descriptor) {}
  std::string version() const override {
    // "2026.4.1-22210-..." without the build number.
    const std::string build = ov::get_openvino_version().buildNumber;
    return "OpenVINO " + build.substr(0, build.find('-'));
  }
  Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx, const SessionOptions& options) override {
    return OpenVinoSession::open(onnx, options, std::string(descriptor_.device));
  }

 private:
  ProviderDescriptor descriptor_;
};

// Of several devices of a kind the engine makes "GPU.0" and "GPU.1"; "GPU" is then the first.
bool has_device(std::string_view wanted) {
  const std::vector<std::string> here = core().get_available_devices();
  return std::any_of(here.begin(), here.end(),
                     [&](const std::string& each) { return each.substr(0, each.find('.')) == wanted; });
}

class OpenVino : public Engine {
 public:
  Result<Provider*> provider(const ProviderDescriptor& descriptor) override {
    return guarded([&]() -> Result<Provider*> {
      const std::lock_guard lock(mutex_);
      if (descriptor.device != kCpu && !has_device(descriptor.device))
        return unsupported("OpenVINO finds no " + std::string(descriptor.device) + " here",
                           "It needs " + std::string(descriptor.needs));
      return &providers_.try_emplace(std::string(descriptor.name), descriptor).first->second;
    });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, OpenVinoProvider> providers_;
};

}  // namespace

}  // namespace mantissa::run::openvino

extern "C" void* mantissa_module_openvino() {
  static mantissa::run::openvino::OpenVino engine;
  return static_cast<mantissa::run::Engine*>(&engine);
}
