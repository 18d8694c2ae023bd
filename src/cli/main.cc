// The program `mantissa`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "mantissa/version.h"

namespace {

// What was wrong with the words that were typed, in one sentence.
std::string complaint(const CLI::ParseError& problem, const CLI::App& app) {
  if (!app.get_subcommands().empty()) return problem.what();
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) names += (names.empty() ? "" : ", ") + command->get_name();
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) return "a command is missing, one of " + names;
  if (words.front().starts_with("-")) return "there is no option " + words.front() + " without a command";
  return "there is no command " + words.front() + ", only " + names;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace mantissa;
  base::handle_interrupts();

  CLI::App app(
      "Brings image-restoration networks to every chip in the number format that it runs best, and proves that the "
      "pictures stay the same.",
      "mantissa");
  app.set_version_flag("--version", "mantissa " + std::string(version()));
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n  mantissa release network.pth --calibrate pictures/ --evaluate pairs/ -o out\n  mantissa run out "
      "photo.jpg -o restored.png");

  cli::GlobalOptions global;
  app.add_flag("--json", global.json, "Print the result as JSON on standard output");
  app.add_flag_callback(
      "-q,--quiet", [] { base::set_verbosity(base::Verbosity::quiet); }, "No progress and no warnings");
  app.add_flag_callback(
      "-v,--verbose", [] { base::set_verbosity(base::Verbosity::verbose); }, "More about what is done");

  int exit_code = 0;
  cli::add_release(app, global, exit_code);
  cli::add_run(app, global, exit_code);
  cli::add_weights(app, global, exit_code);
  cli::add_inspect(app, global, exit_code);
  cli::add_bench(app, global, exit_code);
  cli::add_providers(app, global, exit_code);
  cli::add_targets(app, global, exit_code);
  for (CLI::App* command : app.get_subcommands({})) command->group("Commands");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const bool known = !app.get_subcommands().empty() || app.remaining().empty();
    if (problem.get_exit_code() == 0 && known) return app.exit(problem);  // --help, --version
    const std::string command = app.get_subcommands().empty() ? "" : app.get_subcommands().front()->get_name() + " ";
    std::fprintf(stderr, "mantissa: %s.\nTry: mantissa %s--help\n", complaint(problem, app).c_str(), command.c_str());
    return static_cast<int>(ErrorCode::usage);
  } catch (const std::exception& problem) {  // ours: the library's functions return their errors
    return cli::fail(internal_error(problem.what()), global);
  }
  return exit_code;
}
