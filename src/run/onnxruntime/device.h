// Devices of ONNX Runtime other than its own CPU kernels: execution providers that are built into it, or that a
// provider library brings.
#pragma once

#include <onnxruntime_cxx_api.h>

#include "mantissa/result.h"
#include "run/provider.h"

namespace mantissa::run::onnxruntime {

// Loads what the device needs, once. Errors (unsupported): it is not in this ONNX Runtime, or what it needs cannot be
// loaded.
[[nodiscard]] Result<void> load_device(const ProviderDescriptor& descriptor);

// Puts it in front of the CPU, which gets what it leaves. May throw what the engine throws.
void append_device(Ort::SessionOptions& options, const ProviderDescriptor& descriptor);

// "1.2.0", where its library says; else empty.
[[nodiscard]] std::string version_of_device(const ProviderDescriptor& descriptor);

}  // namespace mantissa::run::onnxruntime
