// Measuring what runs a release, or a network, fastest on this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"

namespace mantissa {

struct BenchRequest {
  std::filesystem::path model;  // a release folder, or a network file
  std::string provider;         // only this one
  std::string variant;          // only this one
  std::vector<int> tile_sizes;  // sides in input pixels; empty: chosen
  TaskOverrides overrides;      // for a network file
  std::optional<double> sigma;  // for a network that is told how noisy pictures are; none: the middle of its range
  int threads = 0;              // 0: all cores
};

// What this machine can do at most, measured with one large convolution in an engine, and with a copy in memory.
struct MachinePeak {
  double fp32_macs = 0;  // multiply-accumulates a second
  double bf16_macs = 0;  // 0: no provider has it here
  double int8_macs = 0;
  double bytes = 0;         // read and written a second, from and to memory
  std::string measured_on;  // the provider of the convolutions
};

struct BenchRow {
  std::string path;  // within the release; empty: the network file
  std::string variant;
  std::string provider;
  int tile_size = 0;                  // side, in input pixels
  double microseconds_per_pixel = 0;  // of input; what neighbouring tiles compute twice is counted
  double megabytes = 0;               // of memory at most, beyond what the process had before; 10^6 bytes
  double bound = 0;                   // microseconds per pixel that this machine's peak allows (roofline)
  double psnr = 0;                    // against fp32, dB; 99: equal
  std::string problem;                // why it was not measured, or its picture is wrong; empty: none
};

struct BenchSummary {
  std::string machine;  // the processor
  int threads = 0;
  double macs_per_pixel = 0;  // multiply-accumulates per input pixel
  MachinePeak peak;
  std::vector<BenchRow> rows;  // in the order of the release
};

// Every file of the release that may run here, on every provider, over tiles of several sizes. Takes minutes for large
// networks. Errors: those of reading the model; fp32 cannot run here.
[[nodiscard]] Result<BenchSummary> bench(const BenchRequest& request);

// A race of all of them, which drops those that are clearly slower early. The choice is kept, and `mantissa run` takes
// it from now on. The first row was chosen; peak and macs_per_pixel are not measured, nor is memory.
// Errors: as for bench(); (usage) the request names a provider, a variant or tile sizes, and so leaves no choice.
[[nodiscard]] Result<BenchSummary> choose(const BenchRequest& request);

}  // namespace mantissa
