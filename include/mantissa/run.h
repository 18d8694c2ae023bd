// Restoring pictures with a release, or with a network as it came.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"

namespace mantissa {

struct RunRequest {
  std::filesystem::path model;                // a release folder, or a network file
  std::vector<std::filesystem::path> inputs;  // pictures, or folders of pictures
  std::filesystem::path output;               // a picture for one input; a folder for several
  std::string provider;                       // "openvino-cpu"; empty: the fastest that passed
  std::string variant;                        // "int8"; empty: the fastest that passed
  TaskOverrides overrides;                    // for a network file
  std::optional<double> sigma;                // how noisy the pictures are, in 8-bit levels: for a network that is told
  int tile_size = 0;                          // largest side of a tile in input pixels; 0: chosen
  int threads = 0;                            // 0: all cores
  bool may_race = true;    // try what is fastest here, where the pictures take long enough to pay for it
  bool explain = false;    // fill in RunSummary::explanation
  int quality = 0;         // of lossy picture formats, 1..100; 0: the format's default
  bool overwrite = false;  // an output that exists
};

struct RestoredPicture {
  std::filesystem::path input;
  std::filesystem::path output;
  int width = 0;  // of the output
  int height = 0;
  int tiles = 0;
  double seconds = 0;         // reading and writing included
  double engine_seconds = 0;  // of them in the engine
  std::int64_t input_pixels = 0;
};

struct RunSummary {
  std::string variant;
  std::string provider;
  std::string reason;                    // why these two
  std::vector<std::string> explanation;  // more about it, a sentence each; only where it was asked for
  std::vector<RestoredPicture> pictures;
};

// Restores every input. Stops at the first failure; what was finished before stays.
// Errors: those of reading the model and the pictures; (usage) several inputs and an output that is no folder;
// (bad_input) an output that exists.
[[nodiscard]] Result<RunSummary> restore_pictures(const RunRequest& request);

}  // namespace mantissa
