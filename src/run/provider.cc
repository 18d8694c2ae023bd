#include "run/provider.h"

#include <array>
#include <functional>
#include <numeric>

#include "base/module.h"

namespace mantissa::run {

namespace {

constexpr std::array<ProviderDescriptor, 2> kProviders = {{
    {"onnxruntime-cpu", "ONNX Runtime, CPU", "onnxruntime", true},
    {"openvino-cpu", "OpenVINO, CPU", "openvino", false},
}};

}  // namespace

std::int64_t TensorView::count() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::span<const ProviderDescriptor> providers() { return kProviders; }

Result<Provider*> provider(std::string_view name) {
  std::string known;
  for (const ProviderDescriptor& descriptor : kProviders) {
    if (descriptor.name == name) {
      MANTISSA_ASSIGN(void* loaded, base::load_module(descriptor.module).in("provider " + std::string(name)));
      return static_cast<Provider*>(loaded);
    }
    known += (known.empty() ? "" : ", ") + std::string(descriptor.name);
  }
  return usage_error("there is no provider '" + std::string(name) + "'", "Known providers are " + known);
}

}  // namespace mantissa::run
