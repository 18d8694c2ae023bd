// Providers: what can run networks here, what could, and adding one without rebuilding.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mantissa/result.h"

namespace mantissa {

struct ProviderState {
  std::string name;                // "onnxruntime-cuda", as RunnerRequest::provider takes it
  std::string title;               // "ONNX Runtime, CUDA"
  std::string device;              // as the engine names it: "CUDAExecutionProvider"
  std::string library;             // the provider library that brings it; empty: the engine itself
  std::vector<std::string> files;  // what of a release suits it, such as "fp16/model.onnx"
  std::string version;             // of the engine; empty when it is not here
  std::string missing;             // why not, and what it needs
};

// Those that are here and those that there could be. Loads engines and provider libraries.
[[nodiscard]] std::vector<ProviderState> list_providers();

// Adds a library with execution providers for ONNX Runtime, for this process; to be called before anything runs. It is
// tried in a child process when it is first needed; one that cannot be loaded is skipped with a warning.
// Errors (bad_input): there is no such file.
[[nodiscard]] Result<void> add_provider_library(const std::filesystem::path& library);
// Tries all libraries that were added or found now, so that the warnings come even where nothing needs them.
void try_provider_libraries();

}  // namespace mantissa
