// The program mantissa_probe LIBRARY: loads a provider library into ONNX Runtime and prints what it offers, in a
// process that may crash over it.
//
//   mantissa-device WebGpuExecutionProvider     a line for each device that it can use here; exit code 0
//   mantissa-problem <what the engine says>     exit code 3
#include <onnxruntime_cxx_api.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

void ORT_API_CALL no_log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char*) {}

// In one line.
void report(const char* kind, std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  std::printf("%s %s\n", kind, text.c_str());
}

int probe(const char* path) {
  constexpr const char* kName = "mantissa_probe";
  Ort::Env env(ORT_LOGGING_LEVEL_FATAL, kName, no_log, nullptr);
  std::vector<std::string> before;
  for (const Ort::ConstEpDevice& device : env.GetEpDevices()) before.emplace_back(device.EpName());
  env.RegisterExecutionProviderLibrary(kName, path);
  const std::vector<Ort::ConstEpDevice> devices = env.GetEpDevices();
  for (std::size_t i = before.size(); i < devices.size(); ++i) report("mantissa-device", devices[i].EpName());
  std::fflush(stdout);
  // Nothing is unloaded in the program that uses it either: what a library does then is nobody's concern.
  std::_Exit(0);
}

}  // namespace

int main(int count, char** arguments) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // a crash is an answer
  if (count != 2) {
    std::fprintf(stderr, "usage: mantissa_probe LIBRARY\n");
    return 2;
  }
  try {
    return probe(arguments[1]);
  } catch (const std::exception& problem) {
    report("mantissa-problem", problem.what());
  }
  std::fflush(stdout);
  std::_Exit(3);
}
