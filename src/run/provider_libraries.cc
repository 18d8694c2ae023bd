#include "run/provider_libraries.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "base/module.h"
#include "base/progress.h"
#include "base/system_error.h"
#include "mantissa/providers.h"
#include "run/engine_message.h"
#include "run/run_child.h"

namespace mantissa::run {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path>& added() {
  static std::vector<fs::path> paths;
  return paths;
}

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string() : text;
}

// A file, or what lies in a folder, in the order of names.
void collect(const fs::path& path, std::vector<fs::path>& files) {
  std::error_code problem;
  if (!fs::is_directory(path, problem)) {
    files.push_back(path);
    return;
  }
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path, problem))
    if (entry.path().extension() == ".so" && !entry.is_directory(problem)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  files.insert(files.end(), found.begin(), found.end());
}

// What the helper printed (mantissa_probe.cc), line by line; what a library prints lies between.
void read_report(const std::string& output, ProviderLibrary& library) {
  constexpr std::string_view kDevice = "mantissa-device ", kProblem = "mantissa-problem ";
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kDevice)) {
      const std::string device = line.substr(kDevice.size());
      if (std::find(library.devices.begin(), library.devices.end(), device) == library.devices.end())
        library.devices.push_back(device);
    } else if (line.starts_with(kProblem)) {
      library.problem = onnxruntime_sentence(line.substr(kProblem.size()));
    }
  }
}

}  // namespace

std::vector<fs::path> wanted_libraries() {
  std::vector<fs::path> files = added();
  std::istringstream listed(variable("MANTISSA_PROVIDER_LIBRARIES"));
  for (std::string path; std::getline(listed, path, ':');)
    if (!path.empty()) collect(path, files);
  fs::path settings = variable("XDG_CONFIG_HOME");
  if (settings.empty()) settings = fs::path(variable("HOME")) / ".config";
  std::error_code ignored;
  if (const fs::path folder = settings / "mantissa/providers"; fs::is_directory(folder, ignored))
    collect(folder, files);
  return files;
}

ProviderLibrary probe_library(const fs::path& path, double seconds) {
  std::error_code problem;
  ProviderLibrary library{fs::canonical(path, problem), {}, {}};
  if (problem) {
    library.path = path;
    library.problem = "there is no such file";
    return library;
  }
  const ChildResult child = run_child({base::module_folder() / "mantissa_probe", library.path.string()}, seconds);
  read_report(child.output, library);
  if (!child.problem.empty())
    library.problem = child.problem;
  else if (child.exit_code != 0 && library.problem.empty())
    library.problem = "it ended the process that loads it, with exit code " + std::to_string(child.exit_code);
  else if (library.devices.empty() && library.problem.empty())
    library.problem = "it finds no device on this machine that it can use";
  if (!library.problem.empty()) library.devices.clear();
  return library;
}

const std::vector<ProviderLibrary>& provider_libraries() {
  static const std::vector<ProviderLibrary> all = [] {
    std::vector<ProviderLibrary> libraries;
    for (const fs::path& path : wanted_libraries()) {
      ProviderLibrary library = probe_library(path);
      const bool again = std::any_of(libraries.begin(), libraries.end(),
                                     [&](const ProviderLibrary& each) { return each.path == library.path; });
      if (again) continue;
      if (!library.problem.empty())
        base::warn("the provider library " + base::quoted(path) + " is skipped: " + library.problem);
      libraries.push_back(std::move(library));
    }
    return libraries;
  }();
  return all;
}

}  // namespace mantissa::run

namespace mantissa {

Result<void> add_provider_library(const std::filesystem::path& library) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(library, ignored))
    return bad_input("there is no provider library " + base::quoted(library),
                     "Give the .so file of a plugin execution provider for ONNX Runtime");
  run::added().push_back(library);
  return {};
}

void try_provider_libraries() { (void)run::provider_libraries(); }

}  // namespace mantissa
