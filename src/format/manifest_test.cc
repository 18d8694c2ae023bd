#include "format/manifest.h"

#include <gtest/gtest.h>

namespace mantissa::format {
namespace {

Manifest example() {
  Manifest m;
  m.tool = "mantissa 0";
  m.network_file = "n.pth";
  m.architecture = "SRVGGNetCompact";
  m.hyperparameters = {{"features", "64"}};
  m.task.scale = 4;
  m.task.radius = 18;
  m.degradation = "none";
  m.seed = 18446744073709551615U;
  Artifact a;
  a.variant = "int8";
  a.path = "int8/model.onnx";
  a.targets = {"x86-vnni", "x86-avx2"};
  a.floats = base::NumberFormat::bfloat16;
  a.speeds = {{"onnxruntime-cpu", 2.5}};
  a.verdict = Verdict{"executed", "onnxruntime-cpu", true, false, {}, {}};
  a.verdict->figures.has_truth = true;
  a.verdict->figures.loss_percent = 0.25;
  a.int8_share = 0.9;
  a.decisions = {{"Conv a", "int8", "because"}};
  a.repairs = {{"protection", "Conv b", 45.5, 0.1, 0.2}};
  a.rungs = {{"protection", 1.5, 0.2}};
  m.artifacts = {a};
  m.left_out = {{"fp16", "fp16/model.onnx", "it overflowed", std::nullopt}};
  m.tile_errors = {{128, 5, 52.5, 49.25}, {256, 3, 52.8, 50}};
  return m;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, ReadsBackWhatItWrote) {
  const Manifest m = example();
  const auto read = manifest_from_json(to_json(m));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->artifacts, m.artifacts);
  EXPECT_EQ(read->left_out, m.left_out);
  EXPECT_EQ(read->tile_errors, m.tile_errors);
  EXPECT_EQ(read->hyperparameters, m.hyperparameters);
  EXPECT_EQ(read->task.scale, 4);
  EXPECT_EQ(read->task.radius, 18);
  EXPECT_EQ(read->seed, m.seed);
  EXPECT_EQ(to_json(*read), to_json(m));
}

TEST(Manifest, LeavesOutDigitsThatAreNoise) {
  Manifest m = example();
  m.artifacts[0].speeds[0].microseconds_per_pixel = 2.512345678;
  m.artifacts[0].verdict->figures.psnr_to_fp32 = 45.123456789;
  const std::string json = to_json(m);
  EXPECT_NE(json.find("2.512\n"), std::string::npos) << json;
  EXPECT_NE(json.find("45.1235,"), std::string::npos) << json;
}

TEST(Manifest, TileErrorsAreSaidInASentenceAndATileHasPixels) {
  EXPECT_EQ(text_of(TileError{128, 5, 52.5, 49.25}),
            "in tiles of 128 the release's pictures came within 52.5 dB of the whole (worst of 5: 49.2 dB)");
  EXPECT_FALSE(manifest_from_json(replaced(to_json(example()), "\"tile\": 128", "\"tile\": 0")).ok());
}

TEST(Manifest, KeepsAGlobalReceptiveField) {
  Manifest m = example();
  m.task.radius.reset();
  EXPECT_FALSE(manifest_from_json(to_json(m))->task.radius.has_value());
}

TEST(Manifest, KeepsTheMemoryOfTheNetworkWhichOlderOnesDoNotTell) {
  Manifest m = example();
  m.task.bytes_per_pixel = 768;
  std::string json = to_json(m);
  EXPECT_EQ(manifest_from_json(json)->task.bytes_per_pixel, 768);
  const std::size_t at = json.find("\"bytes_per_pixel\"");
  json.erase(at, json.find('\n', at) - at);
  ASSERT_TRUE(manifest_from_json(json).ok()) << manifest_from_json(json).error().message();
  EXPECT_EQ(manifest_from_json(json)->task.bytes_per_pixel, 0);
}

TEST(Manifest, KeepsARangeOfItsOwnForTheOutput) {
  Manifest m = example();
  m.task.range_out = net::Range{0, 255};
  EXPECT_EQ(manifest_from_json(to_json(m))->task.range_out, m.task.range_out);
  m.task.range_out = net::Range{1, 0};
  EXPECT_FALSE(manifest_from_json(to_json(m)).ok());
}

TEST(Manifest, KeepsTheConditionOfTheNetworksThatHaveOne) {
  Manifest m = example();
  EXPECT_EQ(to_json(m).find("condition"), std::string::npos);
  EXPECT_FALSE(manifest_from_json(to_json(m))->task.condition.has_value());
  m.task.condition = net::Condition{"noise_map", true, 2, 255, net::Levels{0, 50}};
  const auto read = manifest_from_json(to_json(m));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->task.condition->input, "noise_map");
  EXPECT_EQ(read->task.condition->levels, (net::Levels{0, 50}));
  EXPECT_EQ(to_json(*read), to_json(m));
  for (const char* wrong : {R"("step": 0)", R"("step": "2")"}) {
    const auto refused = manifest_from_json(replaced(to_json(m), "\"step\": 2", wrong));
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
  }
}

TEST(Manifest, RefusesPathsThatLeadOut) {
  const std::string json = to_json(example());
  for (const char* path : {"../secret", "/etc/passwd", "int8/../../x", ""}) {
    const auto read = manifest_from_json(replaced(json, "int8/model.onnx", path));
    ASSERT_FALSE(read.ok()) << path;
    EXPECT_EQ(read.error().code, ErrorCode::bad_input);
  }
}

TEST(Manifest, RefusesWhatIsNotOne) {
  for (const char* text : {"", "{", "[]", "3", "{}", R"({"schema": "x"})"})
    EXPECT_EQ(manifest_from_json(text).error().code, ErrorCode::bad_input);
  EXPECT_EQ(manifest_from_json(replaced(to_json(example()), R"("schema": 1)", R"("schema": 2)")).error().code,
            ErrorCode::unsupported);
  EXPECT_EQ(manifest_from_json(replaced(to_json(example()), R"("scale": 4)", R"("scale": -4)")).error().code,
            ErrorCode::bad_input);
  EXPECT_EQ(read_manifest("no such folder").error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace mantissa::format
