// Provider libraries: execution providers for ONNX Runtime in a library of their own, added without rebuilding.
//
// They come from --provider-library, from $MANTISSA_PROVIDER_LIBRARIES (files and folders, separated by colons) and
// from the folder $XDG_CONFIG_HOME/mantissa/providers (~/.config/mantissa/providers): every *.so in it, which may be a
// link to where the library lies among what it needs. Each is first loaded in a child process, mantissa_probe, so that
// one that crashes, hangs or is none takes nothing else along.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mantissa/result.h"

namespace mantissa::run {

struct ProviderLibrary {
  std::filesystem::path path;        // without links
  std::vector<std::string> devices;  // execution providers that have a device here: "WebGpuExecutionProvider"
  std::string problem;               // why it is skipped, one sentence; empty: it is not
};

// Loads it in a child process, for at most `seconds`.
[[nodiscard]] ProviderLibrary probe_library(const std::filesystem::path& path, double seconds = 20);

// The files that are to be used, none of them looked into.
[[nodiscard]] std::vector<std::filesystem::path> wanted_libraries();

// All of them, in the order of this file's heading; each is probed once, and a warning tells of one that is skipped.
[[nodiscard]] const std::vector<ProviderLibrary>& provider_libraries();

}  // namespace mantissa::run
