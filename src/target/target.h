// The catalogue of targets: chips with the runtime used on them, as data (targets/*.json, built into the library).
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "base/number_format.h"
#include "mantissa/result.h"

namespace mantissa::target {

// How a target computes with a variant of eight bits or less.
struct VariantFormat {
  base::NumberFormat activations = base::NumberFormat::uint8;
  base::NumberFormat weights = base::NumberFormat::int8;
  int weight_levels = 127;  // the largest magnitude of a stored weight
  int pair_limit = 0;       // of the sum of two neighbouring products, where the kernel adds them in 16 bits; 0: none
  std::size_t block = 0;    // of the weights of a channel, so many share a scale; 0: all
};

// A file that a release holds for a target.
struct ArtifactSpec {
  std::string variant;         // "int8", "fp8", "bf16", "int8-weights", "int4-weights"
  std::string path;            // within the release: "int8/model.onnx"
  std::string qdq;             // "closed" or "inputs_only": pass::QdqStyle; empty for 16-bit floats
  std::string provider;        // that executes it here; empty: none does, and it is judged by emulation
  bool channel_scales = true;  // whether activations may have a scale for each channel
  // Features of the processor with which zero points of activations other than 0 take too much time; empty: none.
  std::vector<std::string> no_zero_points_with = {};
  // What the provider may compute in what the file has in float32, on a processor that has it.
  base::NumberFormat floats = base::NumberFormat::float32;
  std::vector<std::string> needs = {};  // further features of the processor; without them the file is not made
  // What a multiply-accumulate in float takes of the provider's time where one in integers takes 1; at least 1.
  double float_cost = 2;
  bool operator==(const ArtifactSpec&) const = default;
};

struct Target {
  std::string name;
  std::string title;
  std::string runtime;
  std::vector<std::string> needs;                             // processor features: "vnni", "avx2"
  std::map<std::string, VariantFormat, std::less<>> formats;  // by variant: "int8", "int8-weights", "fp8", ...
  std::vector<std::string> pitfalls;
  std::vector<ArtifactSpec> artifacts;
};

// Parses one catalogue entry. Errors (bad_input) name the field.
[[nodiscard]] Result<Target> parse_target(std::string_view json);

// Most capable first.
[[nodiscard]] const std::vector<Target>& targets();
// Errors (usage): no such name; lists those that there are.
[[nodiscard]] Result<const Target*> target_named(std::string_view name);
// The first whose needs the processor meets; one that needs nothing is made only when it is named.
// Errors (unsupported): none.
[[nodiscard]] Result<const Target*> target_of(const base::CpuFeatures& cpu);
// A file to be made, for one or more targets.
struct FileToMake {
  ArtifactSpec spec;
  VariantFormat format;  // where the variant has one
  std::vector<std::string> targets;
};
// What a release for these targets holds besides fp32 and fp16. A file that several name is made once, such that it is
// right for all of them: within the smallest limit of pairs, with zero points unless all would rather have none, and
// with other floats if all allow them. (That they agree on everything else, a test sees to.)
[[nodiscard]] std::vector<FileToMake> files_for(const std::vector<const Target*>& targets);
// Makes the fp8 files in another float8 than the catalogue's: "e4m3" or "e5m2". Errors (usage): another name, or no
// file is fp8.
[[nodiscard]] Result<void> choose_fp8(std::vector<FileToMake>& files, std::string_view name);

// Whether the processor has all of these features: "vnni", "amx-int8", "amx-bf16", "avx2", "dotprod". What the catalogue says that
// files of a target need to compute correctly, or a file to be worth making.
[[nodiscard]] bool meets(const base::CpuFeatures& cpu, const std::vector<std::string>& needs);

}  // namespace mantissa::target
