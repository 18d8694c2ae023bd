#include "target/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace mantissa::target {
namespace {

base::CpuFeatures cpu_with(bool avx2, bool vnni) {
  base::CpuFeatures cpu;
  cpu.model = "a processor";
  cpu.avx2 = avx2;
  cpu.vnni = vnni;
  return cpu;
}

TEST(Catalogue, EveryEntryIsUsable) {
  std::set<std::string> names;
  for (const Target& target : targets()) {
    EXPECT_TRUE(names.insert(target.name).second) << target.name << " is there twice";
    EXPECT_FALSE(target.title.empty());
    EXPECT_FALSE(target.artifacts.empty()) << target.name;
    for (const auto& [variant, format] : target.formats) {
      if (format.weights == base::NumberFormat::int8) {
        EXPECT_EQ(format.weight_levels, 127) << target.name;
      }
      EXPECT_TRUE(format.pair_limit == 0 || format.pair_limit == 32767) << target.name;
      EXPECT_EQ(format.block > 0, variant == "int4-weights") << target.name;
    }
    for (const ArtifactSpec& artifact : target.artifacts) {
      EXPECT_EQ(artifact.qdq.empty(), artifact.variant == "bf16");
      EXPECT_TRUE(artifact.qdq.empty() || artifact.qdq == "closed" || artifact.qdq == "inputs_only") << artifact.qdq;
      EXPECT_TRUE(artifact.path.starts_with(artifact.variant + "/")) << artifact.path;
      for (const std::string& need : artifact.needs) EXPECT_EQ(need, "amx-bf16");
    }
    for (const std::string& need : target.needs)
      EXPECT_TRUE(need == "vnni" || need == "avx2" || need == "dotprod" || need.starts_with("cuda-")) << need;
  }
}

// files_for() makes such a file once, and can reconcile limits of pairs, zero points and floats.
TEST(Catalogue, TargetsThatNameOnePathAgreeOnWhatIsInIt) {
  std::map<std::string, FileToMake> seen;
  for (const Target& target : targets())
    for (const FileToMake& file : files_for({&target})) {
      const auto [first, is_new] = seen.emplace(file.spec.path, file);
      if (is_new) continue;
      const FileToMake& other = first->second;
      const std::string who = file.spec.path + " of " + target.name + " and " + other.targets.front();
      EXPECT_EQ(file.spec.variant + file.spec.qdq + file.spec.provider,
                other.spec.variant + other.spec.qdq + other.spec.provider)
          << who;
      EXPECT_EQ(file.spec.channel_scales, other.spec.channel_scales) << who;
      EXPECT_EQ(file.format.activations, other.format.activations) << who;
      EXPECT_EQ(file.format.weights, other.format.weights) << who;
    }
  EXPECT_EQ(seen.at("int8/nvidia.onnx").format.activations, base::NumberFormat::int8);
}

TEST(Catalogue, KnowsWhichGenerationsTakeWhat) {
  const auto variants = [](std::string_view name) {
    std::string all;
    for (const ArtifactSpec& artifact : (*target_named(name))->artifacts) all += artifact.variant + " ";
    return all;
  };
  EXPECT_EQ(variants("nvidia-turing"), "int8 ");
  EXPECT_EQ(variants("nvidia-ampere"), "bf16 int8 ");
  EXPECT_EQ(variants("nvidia-ada"), "bf16 int8 fp8 ");
  EXPECT_EQ(variants("nvidia-blackwell"), "bf16 int8 fp8 ");
}

TEST(TargetOf, TakesTheMostCapableThatFits) {
  EXPECT_EQ((*target_of(cpu_with(true, true)))->name, "x86-vnni");
  const Target* plain = *target_of(cpu_with(true, false));
  EXPECT_EQ(plain->name, "x86-avx2");
  EXPECT_EQ(plain->formats.at("int8").pair_limit, 32767) << "without VNNI two products are added in 16 bits";
  EXPECT_TRUE(meets(cpu_with(true, true), plain->needs)) << "its files compute correctly on a better processor too";
  EXPECT_FALSE(meets(cpu_with(true, false), (*target_named("x86-vnni"))->needs));
}

TEST(TargetOf, KnowsArm) {
  base::CpuFeatures arm;
  arm.neon_dot = true;
  EXPECT_EQ((*target_of(arm))->name, "arm64");
}

TEST(TargetOf, NamesTheProcessorThatNothingFits) {
  const auto none = target_of(cpu_with(false, false));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::unsupported);
  EXPECT_NE(none.error().message().find("a processor"), std::string::npos);
}

TEST(FilesFor, AFileThatSeveralNameIsMadeOnceAndRightForAll) {
  const auto files = files_for({*target_named("x86-vnni"), *target_named("x86-avx2"), *target_named("arm64")});
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].spec.path, "int8/model.onnx");
  EXPECT_EQ(files[0].targets, (std::vector<std::string>{"x86-vnni", "x86-avx2", "arm64"}));
  EXPECT_EQ(files[0].format.pair_limit, 32767) << "one of them adds two products in 16 bits";
  EXPECT_EQ(files[1].targets, (std::vector<std::string>{"x86-vnni", "x86-avx2"}));
  EXPECT_TRUE(files[1].spec.no_zero_points_with.empty())
      << "kernels without VNNI halve the weights that meet signed activations";
  EXPECT_EQ(files[1].spec.floats, base::NumberFormat::float32);
  const ArtifactSpec alone = files_for({*target_named("x86-vnni")})[1].spec;
  EXPECT_EQ(alone.no_zero_points_with, std::vector<std::string>{"amx-int8"});
  EXPECT_GE(files[1].spec.float_cost, alone.float_cost);
  EXPECT_EQ(alone.floats, base::NumberFormat::bfloat16);
}

TEST(FilesFor, AnotherFormatIsAnotherFile) {
  const auto files = files_for({*target_named("nvidia-ada"), *target_named("nvidia-ada"), *target_named("x86-vnni")});
  ASSERT_EQ(files.size(), 6U);
  EXPECT_EQ(files[0].spec.variant, "bf16");
  EXPECT_EQ(files[1].format.activations, base::NumberFormat::int8);
  EXPECT_EQ(files[2].format.weights, base::NumberFormat::float8_e4m3fn);
  EXPECT_EQ(files[2].targets.size(), 1U) << "named twice";
  EXPECT_EQ(files[3].targets, (std::vector<std::string>{"x86-vnni"}));
}

TEST(ChooseFp8, TakesTheOtherFloat8) {
  auto files = files_for({*target_named("nvidia-ada"), *target_named("x86-vnni")});
  const auto fp8 =
      std::find_if(files.begin(), files.end(), [](const auto& file) { return file.spec.variant == "fp8"; });
  ASSERT_NE(fp8, files.end());
  ASSERT_TRUE(choose_fp8(files, "e5m2").ok());
  EXPECT_EQ(fp8->format.weights, base::NumberFormat::float8_e5m2);
  EXPECT_EQ(fp8->format.activations, base::NumberFormat::float8_e5m2);
  EXPECT_EQ(fp8->format.weight_levels, 57344);
  for (const FileToMake& file : files) {
    if (file.spec.variant == "int8") {
      EXPECT_EQ(file.format.weight_levels, 127) << file.spec.path;
    }
  }
  ASSERT_TRUE(choose_fp8(files, "e4m3").ok());
  EXPECT_EQ(fp8->format.weights, base::NumberFormat::float8_e4m3fn);
  EXPECT_EQ(fp8->format.weight_levels, 448);
}

TEST(ChooseFp8, RefusesWhatIsNotThere) {
  auto files = files_for({*target_named("nvidia-ampere")});
  EXPECT_EQ(choose_fp8(files, "e5m2").error().code, ErrorCode::usage);
  EXPECT_NE(choose_fp8(files, "e5m2").error().message().find("none of the targets"), std::string::npos);
  EXPECT_NE(choose_fp8(files, "e3m4").error().message().find("e3m4"), std::string::npos);
}

TEST(FilesFor, WeightsAloneAreMadeWhenTheyAreNamed) {
  const auto files = files_for({*target_named("small-download"), *target_named("x86-avx2")});
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[0].spec.path, "int8-weights/model.onnx");
  EXPECT_EQ(files[0].format.activations, base::NumberFormat::float32);
  EXPECT_EQ(files[0].format.pair_limit, 0) << "nothing is added in 16 bits";
  EXPECT_EQ(files[1].spec.variant, "int4-weights");
  EXPECT_EQ(files[1].format.weights, base::NumberFormat::int4);
  EXPECT_EQ(files[1].format.block, 32U);
}

TEST(TargetNamed, ListsThoseThatThereAre) {
  const auto none = target_named("abacus");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::usage);
  EXPECT_NE(none.error().message().find("x86-vnni, x86-avx2"), std::string::npos);
}

TEST(ParseTarget, NamesWhatIsWrong) {
  const auto complaint = [](std::string_view json) { return parse_target(json).error().message(); };
  EXPECT_NE(complaint("{").find("parse error"), std::string::npos);
  EXPECT_NE(complaint(R"({"name": "x"})").find("title"), std::string::npos);
  EXPECT_NE(
      complaint(
          R"({"name": "x", "title": "", "runtime": "", "needs": [], "formats": {"int8": {"activations": "int5"}}})")
          .find("int5"),
      std::string::npos);
  EXPECT_NE(complaint(R"({"name": "x", "title": "", "runtime": "", "needs": [],
                 "formats": {"int8": {"activations": "int8", "weights": "int8", "weight_levels": 127, "pitfalls": []}},
                 "artifacts": [{"variant": "fp8", "path": "fp8/model.onnx", "qdq": "closed"}]})")
                .find("fp8"),
            std::string::npos);
  EXPECT_EQ(parse_target("[]").error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace mantissa::target
