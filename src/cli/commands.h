// The commands of the program, one file each: they turn arguments into a request to the library and its answer into
// text.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "mantissa/result.h"

namespace mantissa::cli {

struct GlobalOptions {
  bool json = false;
};

// Each adds its subcommand to the program; when it is chosen, its work runs and its exit code is stored.
void add_release(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_run(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_weights(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_inspect(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_providers(CLI::App& app, const GlobalOptions& global, int& exit_code);
void add_targets(CLI::App& app, const GlobalOptions& global, int& exit_code);

// What an option takes: a whole number; a number of seconds, 0 or more.
[[nodiscard]] CLI::Validator whole_number(std::uint64_t least, std::uint64_t most = UINT64_MAX);
[[nodiscard]] CLI::Validator seconds();

// Prints the error on standard error and returns its exit code.
[[nodiscard]] int fail(const Error& error, const GlobalOptions& global);

}  // namespace mantissa::cli
