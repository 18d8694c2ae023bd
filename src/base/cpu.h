// What the processor of this machine can do, found at run time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mantissa::base {

struct CpuFeatures {
  std::string model;      // "AMD EPYC 7763 64-Core Processor"; "unknown" where the system does not say
  int logical_cores = 1;  // that this process may use
  bool avx2 = false;
  bool f16c = false;
  bool avx512 = false;  // F, BW, DQ, VL
  bool vnni = false;    // 8-bit dot products that accumulate in 32 bits (AVX512-VNNI or AVX-VNNI)
  bool amx_int8 = false;
  bool amx_bf16 = false;
  bool neon_dot = false;  // Arm: SDOT/UDOT
};

// Reads the processor once; later calls are free. The environment variable MANTISSA_CPU=avx2|vnni|... may only lower
// what is reported (features above the named level are hidden): for testing the other paths.
[[nodiscard]] const CpuFeatures& cpu();

// What MANTISSA_CPU does. The levels, each with those before it: baseline, avx2 (with f16c; neon_dot on Arm), avx512,
// vnni, amx. None for another name.
[[nodiscard]] std::optional<CpuFeatures> limited_to(CpuFeatures features, std::string_view level);

}  // namespace mantissa::base
