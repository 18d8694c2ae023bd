// Making a release: one network, brought to the number formats of the targets, each variant through the gate.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mantissa/result.h"
#include "mantissa/task_overrides.h"

namespace mantissa {

struct ReleaseRequest {
  std::filesystem::path network;    // checkpoint or ONNX
  std::filesystem::path calibrate;  // a folder of pictures
  // A folder of LR/HR pairs or of pictures, or two folders: inputs and true pictures. Empty: none.
  std::vector<std::filesystem::path> evaluate;
  // What is done to both sets on the way in: "bicubic:4", "noise:25", "none". Empty: noise as strong as `sigma` says,
  // if that is stated.
  std::string degrade;
  std::optional<std::string> sigma;  // for a network that is told the level of noise: "25", or "0:50", in 8-bit levels
  std::vector<std::string> targets;  // of the catalogue; empty: this machine's class
  std::string fp8;                   // "e4m3" or "e5m2", for the targets that take fp8; empty: what the target prefers
  std::filesystem::path output;      // the folder to make; must not exist
  TaskOverrides overrides;
  std::uint64_t seed = 1;       // of noise and of the choice of calibration tiles
  double repair_seconds = 120;  // at most, of processor time on all cores, for each form of a variant; 0: no repair
  // Of quantization, what is not to be done, to see what it buys: "gptq", "protection", ... (quant/techniques.h)
  std::vector<std::string> without;
};

// A row of the table that ends a release.
struct ReleasedFile {
  std::string variant;
  std::string path;
  bool shipped = false;
  bool needed = true;                  // false: not shipped because another file does as well
  std::string verdict;                 // "passed (executed)", "left out", "not needed", "not judged"
  std::uint64_t bytes = 0;             // of the file, if it is shipped
  std::optional<double> psnr;          // dB against the true pictures
  std::optional<double> loss_percent;  // of it, against fp32
  std::optional<double> psnr_to_fp32;  // dB
  double microseconds_per_pixel = 0;   // of input on the fastest provider; 0: not run here
  std::string provider;                // that one
  std::string note;                    // why it was left out, how it was repaired
};

struct ReleaseSummary {
  std::filesystem::path folder;
  std::string network;     // "SRVGGNetCompact, super-resolution x4, rgb 0..1"
  std::string evaluation;  // "5 pairs of set5/x4, 0.6 megapixels"
  bool weak_evidence = false;
  std::vector<std::string> assumed;  // facts about the network that nobody stated
  std::vector<ReleasedFile> files;
  [[nodiscard]] bool complete() const {  // nothing that is needed was left out
    for (const ReleasedFile& file : files)
      if (!file.shipped && file.needed) return false;
    return true;
  }
};

// Writes the folder whole or not at all. A variant that fails the gate is left out and named in summary and manifest;
// that is no Error.
// Errors: (bad_input) a network, picture or folder that cannot be used, an output that exists.
[[nodiscard]] Result<ReleaseSummary> make_release(const ReleaseRequest& request);

}  // namespace mantissa
