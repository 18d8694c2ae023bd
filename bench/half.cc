// What making an fp16 file costs: reading the network, the statistics that it asks for, and then the fp32 islands,
// lowering and writing.
//
//   half NETWORK PICTURES FOLDER [SIGMA]
//
// FOLDER/fp16/model.onnx is what it makes. SIGMA: the level of the noise that the pictures have, for a network that is told.
#include <cstdio>
#include <optional>
#include <string>

#include "read.h"
#include "release/calibration.h"
#include "release/engines.h"
#include "release/make_variants.h"
#include "times.h"

using namespace mantissa;

namespace {

constexpr std::uint64_t kSeed = 1;

Result<void> measure(const std::filesystem::path& file, const std::filesystem::path& pictures,
                     const std::optional<std::string>& sigma, const std::filesystem::path& folder) {
  const Times start = now();
  MANTISSA_ASSIGN(net::Network network, read_with_shapes(file));
  const Times reading = now() - start;
  MANTISSA_TRY(net::state_levels(network.task, sigma));
  MANTISSA_ASSIGN(const release::PictureSet set, release::PictureSet::open({pictures}, {}, network.task, kSeed));
  MANTISSA_ASSIGN(const release::Calibration calibration, release::read_calibration(set, network.task, kSeed));
  const Times loaded = now();
  MANTISSA_ASSIGN(const quant::Statistics statistics,
                  quant::calibrate(network.graph, release::statistics_for(network.graph, {}), calibration.for_ranges,
                                   release::execute_on(release::kReference), kSeed));
  const Times calibrating = now() - loaded;
  const Times calibrated = now();
  MANTISSA_TRY(release::make_fp16({network, statistics, calibration, {}, {}, folder}));
  const Times making = now() - calibrated;
  for (const auto& [name, kind] : {std::pair("clock", &Times::clock), std::pair("processor", &Times::processor)})
    std::printf("%-9s  read %.3f s   statistics %.3f s   make fp16 %.3f s\n", name, reading.*kind, calibrating.*kind,
                making.*kind);
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 4 && count != 5) {
    std::fprintf(stderr, "usage: half NETWORK PICTURES FOLDER [SIGMA]\n");
    return 2;
  }
  const auto sigma = count == 5 ? std::optional<std::string>(words[4]) : std::nullopt;
  const auto result = measure(words[1], words[2], sigma, words[3]);
  if (result.ok()) return 0;
  std::fprintf(stderr, "%s\n", Error(result.error()).message().c_str());
  return static_cast<int>(Error(result.error()).code);
}
