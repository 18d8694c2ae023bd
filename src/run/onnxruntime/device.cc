#include "run/onnxruntime/device.h"

#include <onnxruntime_ep_device_ep_metadata_keys.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "run/onnxruntime/engine.h"

namespace mantissa::run::onnxruntime {

namespace {

std::vector<Ort::ConstEpDevice> library_devices(const ProviderDescriptor& descriptor) {
  std::vector<Ort::ConstEpDevice> found;
  for (const Ort::ConstEpDevice& device : environment().GetEpDevices())
    if (device.EpName() == descriptor.device) found.push_back(device);
  return found;
}

bool is_built_in(const ProviderDescriptor& descriptor) {
  const std::vector<std::string> all = Ort::GetAvailableProviders();
  return std::find(all.begin(), all.end(), descriptor.device) != all.end();
}

// The engine's function for the built-in ones takes other names than it gives them itself
// (https://onnxruntime.ai/docs/api/c, OrtApi::SessionOptionsAppendExecutionProvider).
std::string name_to_append(std::string_view device) {
  if (device == "WebGpuExecutionProvider") return "WebGPU";
  if (device == "DmlExecutionProvider") return "DML";
  if (device == "NvTensorRTRTXExecutionProvider") return "NvTensorRtRtx";
  return std::string(device.substr(0, device.find("ExecutionProvider")));
}

using Options = std::unordered_map<std::string, std::string>;

Options options_of(const ProviderDescriptor& descriptor) {
  Options options;
  for (const ProviderDescriptor::Option& option : descriptor.options) options.emplace(option.key, option.value);
  return options;
}

void append_built_in(Ort::SessionOptions& session, const ProviderDescriptor& descriptor) {
  const Options options = options_of(descriptor);
  if (descriptor.device == "CUDAExecutionProvider") {
    Ort::CUDAProviderOptions cuda;
    cuda.Update(options);
    session.AppendExecutionProvider_CUDA_V2(*cuda);
  } else if (descriptor.device == "TensorrtExecutionProvider") {
    Ort::TensorRTProviderOptions tensorrt;
    tensorrt.Update(options);
    session.AppendExecutionProvider_TensorRT_V2(*tensorrt);
  } else {
    session.AppendExecutionProvider(name_to_append(descriptor.device), options);
  }
}

// Once: a library may bring several devices.
void register_library(const std::string& path) {
  static auto* const registered = new std::set<std::string>;
  if (registered->contains(path)) return;
  environment().RegisterExecutionProviderLibrary(path.c_str(), path);
  registered->insert(path);
}

Result<void> load(const ProviderDescriptor& descriptor) {
  return guarded([&]() -> Result<void> {
    if (!descriptor.library.empty()) {
      register_library(std::string(descriptor.library));
    } else if (!is_built_in(descriptor)) {
      return unsupported("ONNX Runtime " + Ort::GetVersionString() + " here has no " + std::string(descriptor.device),
                         "It needs " + std::string(descriptor.needs));
    } else {
      Ort::SessionOptions trial;
      append_device(trial, descriptor);  // loads the libraries of the chip's maker
    }
    return {};
  });
}

}  // namespace

Result<void> load_device(const ProviderDescriptor& descriptor) {
  static auto* const loaded = new std::map<std::string, Result<void>, std::less<>>;
  auto found = loaded->find(descriptor.device);
  if (found == loaded->end()) found = loaded->emplace(descriptor.device, load(descriptor)).first;
  if (found->second.ok()) return {};
  Error problem = found->second.error();
  problem.code = ErrorCode::unsupported;
  if (problem.advice.empty() && !descriptor.needs.empty()) problem.advice = "It needs " + std::string(descriptor.needs);
  return problem;
}

void append_device(Ort::SessionOptions& options, const ProviderDescriptor& descriptor) {
  if (descriptor.library.empty()) return append_built_in(options, descriptor);
  std::vector<Ort::ConstEpDevice> devices = library_devices(descriptor);
  if (devices.empty())
    throw Ort::Exception("the library offers no device for " + std::string(descriptor.device), ORT_EP_FAIL);
  devices.resize(1);  // several would share the work; the engine names the best one first
  options.AppendExecutionProvider_V2(environment(), devices, options_of(descriptor));
}

std::string version_of_device(const ProviderDescriptor& descriptor) {
  if (descriptor.library.empty()) return {};
  for (const Ort::ConstEpDevice& device : library_devices(descriptor))
    if (const char* version = device.EpMetadata().GetValue(kOrtEpDevice_EpMetadataKey_Version)) return version;
  return {};
}

}  // namespace mantissa::run::onnxruntime
