// The catalogue of targets: chips with the runtime used on them, as data (targets/*.json, built into the library).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "base/number_format.h"
#include "mantissa/result.h"

namespace mantissa::target {

// How a target computes with 8-bit integers.
struct IntegerFormat {
  base::NumberFormat activations = base::NumberFormat::uint8;
  base::NumberFormat weights = base::NumberFormat::int8;
  int weight_levels = 127;  // the largest magnitude of a stored weight that is computed without saturation
};

// A file that a release holds for a target.
struct ArtifactSpec {
  std::string variant;   // "int8"
  std::string path;      // within the release: "int8/model.onnx"
  std::string qdq;       // "closed" or "inputs_only": pass::QdqStyle
  std::string provider;  // that executes it
};

struct Target {
  std::string name;
  std::string title;
  std::string runtime;
  std::vector<std::string> needs;  // processor features: "vnni", "avx2"
  IntegerFormat int8;
  std::vector<std::string> pitfalls;
  std::vector<ArtifactSpec> artifacts;
};

// Parses one catalogue entry. Errors (bad_input) name the field.
[[nodiscard]] Result<Target> parse_target(std::string_view json);

// Most capable first.
[[nodiscard]] const std::vector<Target>& targets();
// Errors (usage): no such name; lists those that there are.
[[nodiscard]] Result<const Target*> target_named(std::string_view name);
// The first whose needs the processor meets. Errors (unsupported): none.
[[nodiscard]] Result<const Target*> target_of(const base::CpuFeatures& cpu);
// Whether files made for the target compute correctly on the processor.
[[nodiscard]] bool meets(const base::CpuFeatures& cpu, const Target& target);

}  // namespace mantissa::target
