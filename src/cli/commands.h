// The commands of the program, one file each: they turn arguments into a request to the library and its answer into
// text.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"

namespace mantissa::cli {

struct GlobalOptions {
  bool json = false;
};

// Each adds its subcommand to the program; when it is chosen, its work runs and its exit code is stored.
void add_release(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_run(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_weights(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_inspect(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_bench(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_providers(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_targets(CLI::App& app, const GlobalOptions& global, int& exit_code);

// --provider-library, as often as wanted: what it names, once the command line is read. Before the command's work,
// use() adds them to this process.
using ProviderLibraries = std::shared_ptr<std::vector<std::filesystem::path>>;
[[nodiscard]] ProviderLibraries add_provider_libraries(CLI::App& command);
[[nodiscard]] Result<void> use(const ProviderLibraries& libraries);

// --range, --colour, --network-output, --cut-custom; `overrides` outlives the command.
void add_overrides(CLI::App& command, TaskOverrides& overrides);

// What an option takes: a whole number; a number of seconds, 0 or more.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t least, std::uint64_t most = UINT64_MAX);
[[nodiscard]] CLI::Validator seconds();

// Prints the error on standard error and returns its exit code.
[[nodiscard]] int fail(const Error& error, const GlobalOptions& global);

}  // namespace mantissa::cli
