#include "base/cpu.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/cpu_quota.h"
#include "base/files.h"
#include "base/progress.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__linux__) && defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace mantissa::base {
namespace {

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned word, int position) { return (word >> position & 1) != 0; }

// The parts of the processor's state that the system saves when it switches tasks (XCR0). Instructions whose registers
// are not among them must not be used.
unsigned saved_state() {
  if (!bit(cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  unsigned low = 0;
  unsigned high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Bits: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID; volume 1, 13.3 for XCR0.
void find_features(CpuFeatures& found) {
  const Registers basic = cpuid(1);
  const Registers extended = cpuid(7);
  const Registers extended_more = cpuid(7, 1);
  const unsigned saved = saved_state();
  const auto saves = [&](unsigned parts) { return (saved & parts) == parts; };
  const bool avx = saves(0x6) && bit(basic.ecx, 28);         // XMM, YMM
  const bool avx512 = avx && saves(0xE0);                    // masks, upper halves, ZMM16..31
  const bool amx = saves(0x60000) && bit(extended.edx, 24);  // tile configuration and data

  found.avx2 = avx && bit(extended.ebx, 5) && bit(basic.ecx, 12);  // with FMA, which kernels for AVX2 take for granted
  found.f16c = avx && bit(basic.ecx, 29);
  found.avx512 =
      avx512 && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) && bit(extended.ebx, 31);
  found.vnni = (found.avx512 && bit(extended.ecx, 11)) || (found.avx2 && bit(extended_more.eax, 4));
  found.amx_bf16 = amx && bit(extended.edx, 22);
  found.amx_int8 = amx && bit(extended.edx, 25);
}

// The brand string of leaves 0x80000002 to 0x80000004.
std::string find_model() {
  std::array<char, 49> text{};
  if (cpuid(0x80000000).eax < 0x80000004) return {};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers part = cpuid(0x80000002 + i);
    std::memcpy(text.data() + sizeof(part) * i, &part, sizeof(part));
  }
  return text.data();
}

#else

void find_features([[maybe_unused]] CpuFeatures& found) {
#if defined(__aarch64__) && defined(__linux__)
  found.neon_dot = (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  int has = 0;
  std::size_t size = sizeof(has);
  found.neon_dot = ::sysctlbyname("hw.optional.arm.FEAT_DotProd", &has, &size, nullptr, 0) == 0 && has != 0;
#endif
}

std::string find_model() {
#if defined(__APPLE__)
  std::array<char, 256> text{};
  std::size_t size = text.size() - 1;
  if (::sysctlbyname("machdep.cpu.brand_string", text.data(), &size, nullptr, 0) == 0) return text.data();
#endif
  return {};
}

#endif

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "unknown";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

int cores_that_we_may_use() {
  int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) cores = CPU_COUNT(&allowed);
  // Containers limit time rather than cores: more threads than that only wait for each other.
  if (const auto groups = read_kernel_text("/proc/self/cgroup")) {
    if (const auto quota = cpu_quota("/sys/fs/cgroup", *groups))
      cores = std::min(cores, static_cast<int>(std::ceil(*quota)));
  }
#endif
  return std::max(1, cores);
}

CpuFeatures find() {
  CpuFeatures found;
  found.model = trimmed(find_model());
  found.logical_cores = cores_that_we_may_use();
  find_features(found);
  if (const char* level = std::getenv("MANTISSA_CPU"); level != nullptr && *level != '\0') {
    if (auto limited = limited_to(found, level)) return *limited;
    warn("MANTISSA_CPU is \"" + std::string(level) +
         "\", which is none of baseline, avx2, avx512, vnni and amx: ignored");
  }
  return found;
}

}  // namespace

std::optional<CpuFeatures> limited_to(CpuFeatures features, std::string_view level) {
  constexpr std::array<std::string_view, 5> levels = {"baseline", "avx2", "avx512", "vnni", "amx"};
  const auto* found = std::find(levels.begin(), levels.end(), level);
  if (found == levels.end()) return std::nullopt;
  const auto shown = found - levels.begin();
  if (shown < 1) features.avx2 = features.f16c = features.neon_dot = false;
  if (shown < 2) features.avx512 = false;
  if (shown < 3) features.vnni = false;
  if (shown < 4) features.amx_int8 = features.amx_bf16 = false;
  return features;
}

const CpuFeatures& cpu() {
  static const CpuFeatures features = find();
  return features;
}

}  // namespace mantissa::base
