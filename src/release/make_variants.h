// From a network and its statistics to the files of a variant: plan, quantize, repair, write.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/number_format.h"
#include "format/manifest.h"
#include "mantissa/result.h"
#include "net/network.h"
#include "quant/statistics.h"
#include "quant/techniques.h"
#include "release/calibration.h"
#include "target/target.h"

namespace mantissa::release {

// A file of the release in the making.
struct Draft {
  format::Artifact artifact;
  std::string judge;      // the provider that executes it for the gate; empty: nothing to judge
  bool emulated = false;  // by emulation, since no engine here computes in its format
};

// The statistics that the variants below need: one calibration pass serves them all.
[[nodiscard]] quant::StatisticsRequest statistics_for(const ir::Graph& graph,
                                                      const std::vector<target::FileToMake>& files);

// Each writes its file under `folder` and says what it did. `graph` has inferred formats (format::read_onnx).
[[nodiscard]] Result<Draft> make_fp32(const net::Network& network, const std::filesystem::path& folder);
[[nodiscard]] Result<Draft> make_checkpoint(const net::Network& network, const std::filesystem::path& folder);
[[nodiscard]] Result<Draft> make_fp16(const net::Network& network, const quant::Statistics& statistics,
                                      const std::filesystem::path& folder);
[[nodiscard]] Result<Draft> make_bf16(const net::Network& network, const target::FileToMake& file,
                                      const quant::Statistics& statistics, const std::filesystem::path& folder);
// int8 or fp8, or int8-weights: rounded against what they see, repaired, and without Q and DQ on activations.
[[nodiscard]] Result<Draft> make_eight_bits(const net::Network& network, const target::FileToMake& file,
                                            const quant::Statistics& statistics, const Calibration& calibration,
                                            const quant::Techniques& techniques,
                                            std::chrono::duration<double> repair_budget,
                                            const std::filesystem::path& folder);
struct FourBits {
  std::optional<Draft> draft;
  std::string obstacle;  // where there is none: why, which leaves weights of 8 bits
};
// int4-weights, likewise; layers that 4 bits cost too much have weights of 8 bits, or stay float where these do too.
[[nodiscard]] Result<FourBits> make_int4_weights(const net::Network& network, const target::FileToMake& file,
                                                 const quant::Statistics& statistics, const Calibration& calibration,
                                                 const quant::Techniques& techniques,
                                                 std::chrono::duration<double> repair_budget,
                                                 const std::filesystem::path& folder);

}  // namespace mantissa::release
