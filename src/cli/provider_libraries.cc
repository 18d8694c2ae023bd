#include "cli/commands.h"
#include "mantissa/providers.h"

namespace mantissa::cli {

ProviderLibraries add_provider_libraries(CLI::App& command) {
  auto libraries = std::make_shared<std::vector<std::filesystem::path>>();
  command
      .add_option("--provider-library", *libraries,
                  "Library with an execution provider for ONNX Runtime, to use besides what is here")
      ->allow_extra_args(false);
  return libraries;
}

Result<void> use(const ProviderLibraries& libraries) {
  for (const std::filesystem::path& library : *libraries) MANTISSA_TRY(add_provider_library(library));
  if (!libraries->empty()) try_provider_libraries();  // who names one wants to hear what is wrong with it
  return {};
}

}  // namespace mantissa::cli
