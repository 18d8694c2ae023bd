// The module "openvino": the provider openvino-cpu.
#include "run/provider.h"

#include "run/openvino/engine.h"
#include "run/openvino/session.h"

namespace mantissa::run::openvino {

namespace {

class CpuProvider : public Provider {
 public:
  std::string version() const override {
    // "2026.4.1-22210-..." without the build number.
    const std::string build = ov::get_openvino_version().buildNumber;
    return "OpenVINO " + build.substr(0, build.find('-'));
  }
  Result<std::unique_ptr<Session>> open(std::span<const std::byte> onnx, const SessionOptions& options) override {
    return CpuSession::open(onnx, options);
  }
};

}  // namespace

}  // namespace mantissa::run::openvino

extern "C" void* mantissa_module_openvino() {
  static mantissa::run::openvino::CpuProvider provider;
  return static_cast<mantissa::run::Provider*>(&provider);
}
