// The manifest of a release, release.json: what was made from what, how it was judged, and how to use it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/number_format.h"
#include "mantissa/result.h"
#include "mantissa/tile_error.h"
#include "net/network.h"

namespace mantissa::format {

inline constexpr int kManifestSchema = 1;

// What the gate measured. PSNR in dB on 8-bit pictures, shifts in 8-bit levels.
struct Figures {
  int pictures = 0;
  double megapixels = 0;   // of output
  bool has_truth = false;  // the four below mean something
  double psnr_fp32 = 0;    // against the true picture, mean
  double psnr_variant = 0;
  double loss_percent = 0;        // (psnr_fp32 - psnr_variant) / psnr_fp32, of the means
  double worst_loss_percent = 0;  // of a picture
  double psnr_to_fp32 = 0;        // variant against the fp32 output, mean
  double worst_psnr_to_fp32 = 0;
  double worst_tile_psnr = 0;  // 64x64
  double mean_shift = 0;       // of a colour channel, worst picture
  double worst_tile_mean_shift = 0;
  double flat_black = 0;  // largest difference from fp32 on a flat input
  double flat_white = 0;
  double ssim_to_fp32 = 0;  // mean; reported, not judged
  bool finite = true;
  bool operator==(const Figures&) const = default;
};

struct Verdict {
  std::string kind;      // "executed", "emulated" or "not judged"
  std::string provider;  // that executed it
  bool passed = false;
  bool weak_evidence = false;         // too few pictures or pixels to be sure
  std::vector<std::string> failures;  // each check that failed, as a sentence
  Figures figures;
  bool operator==(const Verdict&) const = default;
};

// A node's format and why.
struct Decision {
  std::string node;
  std::string format;
  std::string reason;
  bool operator==(const Decision&) const = default;
};

struct RepairStep {
  std::string rung;           // of the ladder: "protection", "reconstruction"
  std::string node;           // that was protected, or how many layers
  double gain = 0;            // dB against fp32 that this step alone buys, on pictures kept for decisions
  double share_in_float = 0;  // of the multiply-accumulates, with all earlier steps
  double time = 0;            // that it and all earlier steps are expected to add, as a share of all in integers
  bool operator==(const RepairStep&) const = default;
};

// What a rung of the repair ladder bought and is expected to cost.
struct Rung {
  std::string name;  // "protection"
  double gain = 0;   // dB against fp32, measured on pictures kept for decisions
  double time = 0;   // added, as a share of all in integers
  bool operator==(const Rung&) const = default;
};

struct Speed {
  std::string provider;
  double microseconds_per_pixel = 0;  // of input, measured when the release was made
  bool operator==(const Speed&) const = default;
};

struct Artifact {
  std::string variant;  // "int8"
  std::string path;     // within the release, with forward slashes
  std::string sha256;
  std::uint64_t bytes = 0;           // of the file; 0: not told
  std::vector<std::string> targets;  // the classes of machines that it is right for; empty: any
  // What a provider may compute in what the file has in float32; so it was judged.
  base::NumberFormat floats = base::NumberFormat::float32;
  // Of the providers that may run it here, fastest first; empty: none may (a checkpoint, an emulated variant).
  std::vector<Speed> speeds;
  std::optional<Verdict> verdict;
  double int8_share = 0;  // of the multiply-accumulates that the engine really runs as int8
  std::vector<Decision> decisions;
  std::vector<RepairStep> repairs;
  std::vector<Rung> rungs;  // of repair, in the order in which they were taken
  bool operator==(const Artifact&) const = default;
};

// A variant that is not in the release, and why.
struct LeftOut {
  std::string variant;
  std::string path;
  std::string reason;
  std::optional<Verdict> verdict;
  bool needed = true;  // false: the release is complete without it
  bool operator==(const LeftOut&) const = default;
};

struct Manifest {
  int schema = kManifestSchema;
  std::string tool;  // "mantissa 0.1.0"
  std::string network_file;
  std::string network_sha256;
  std::string architecture;
  std::vector<std::pair<std::string, std::string>> hyperparameters;
  net::Task task;
  std::string machine;               // the processor that it was made and judged on
  std::vector<std::string> targets;  // the classes of machines that it was made for
  std::vector<std::string> without;  // techniques of quantization that were switched off
  std::vector<std::string> engines;  // "ONNX Runtime 1.31.1"
  std::string calibration;           // "24 pictures of bsd_color_lr_x4"
  std::string evaluation;
  std::string degradation;  // "bicubic:4"; "none"
  std::uint64_t seed = 0;
  std::vector<Artifact> artifacts;
  std::vector<LeftOut> left_out;
  std::vector<TileError>
      tile_errors;  // by the size of the tile; empty: the network's tiles equal the whole, or none was measured
};

[[nodiscard]] std::string to_json(const Manifest& manifest);
// Errors (bad_input): not JSON, a field that is missing or of the wrong kind,
// a path that leads out of the release; (unsupported): a newer schema.
[[nodiscard]] Result<Manifest> manifest_from_json(std::string_view text);
// <folder>/release.json. Errors also: the folder is no release.
[[nodiscard]] Result<Manifest> read_manifest(const std::filesystem::path& folder);

}  // namespace mantissa::format
