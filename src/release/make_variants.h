// From a network and its statistics to the files of a variant: plan, quantize, repair, write.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "mantissa/result.h"
#include "net/network.h"
#include "quant/statistics.h"
#include "quant/techniques.h"
#include "release/calibration.h"
#include "release/draft.h"
#include "target/target.h"

namespace mantissa::release {

// What all variants are made from, and where to.
struct Sources {
  const net::Network& network;  // with inferred formats (format::read_onnx)
  const quant::Statistics& statistics;
  const Calibration& calibration;
  const quant::Techniques& techniques;
  std::chrono::duration<double> repair_budget;  // for each form, in processor time
  const std::filesystem::path& folder;
};

// Of what the gate allows on tiles for decisions, what repair brings a form to. `layers`: what an earlier repair of this
// form measured, where it did.
struct RepairAim {
  double share = 1;
  const quant::MeasuredLayers* layers = nullptr;
};

// The statistics that the variants below need: one calibration pass serves them all.
[[nodiscard]] quant::StatisticsRequest statistics_for(const ir::Graph& graph,
                                                      const std::vector<target::FileToMake>& files);

// Each writes its file under the folder and says what it did.
[[nodiscard]] Result<Draft> make_fp32(const Sources& sources);
[[nodiscard]] Result<Draft> make_checkpoint(const Sources& sources);
[[nodiscard]] Result<Draft> make_fp16(const Sources& sources);
[[nodiscard]] Result<Draft> make_bf16(const Sources& sources, const target::FileToMake& file);
// int8 or fp8, or int8-weights: rounded against what they see, repaired, and without Q and DQ on activations. `file` must
// outlive the draft.
[[nodiscard]] Result<Draft> make_eight_bits(const Sources& sources, const target::FileToMake& file,
                                            const RepairAim& aim = {});
struct FourBits {
  std::optional<Draft> draft;
  std::string obstacle;  // where there is none: why, which leaves weights of 8 bits
};
// int4-weights, likewise; layers that 4 bits cost too much have weights of 8 bits, or stay float where these do too.
[[nodiscard]] Result<FourBits> make_int4_weights(const Sources& sources, const target::FileToMake& file);

}  // namespace mantissa::release
