#include "run/process_memory.h"

#include <fstream>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace mantissa::run {

namespace {

// "VmHWM:     1234 kB" (proc(5)).
std::int64_t entry(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name)) return 1024 * std::strtoll(line.c_str() + name.size(), nullptr, 10);
  return 0;
}

}  // namespace

std::int64_t memory_now() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  return entry("VmRSS:");
}

std::int64_t peak_memory() { return entry("VmHWM:"); }

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

}  // namespace mantissa::run
