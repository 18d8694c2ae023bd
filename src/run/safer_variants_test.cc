// Tiles that come out as no picture, and what is done about them.
#include "run/safer_variants.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string_view>

#include "run/memory_picture.h"
#include "run/restore.h"
#include "run/test_networks.h"
#include "run/tile_check.h"

namespace mantissa::run {
namespace {

using image::Picture;

// The picture as it came, but with whatever a test puts in place of tiles that hold something bright.
class FailsOnBright : public Session {
 public:
  explicit FailsOnBright(std::optional<float> instead) : instead_(instead) {}
  Result<void> run(const TensorView& input, const TensorView& output) override {
    const float* end = input.data + input.count();
    const bool bright = std::any_of(static_cast<const float*>(input.data), end, [](float x) { return x > 0.9F; });
    ++runs;
    for (std::int64_t i = 0; i < input.count(); ++i) output.data[i] = bright && instead_ ? *instead_ : input.data[i];
    return {};
  }
  Result<std::vector<float>> run(const TensorView&, std::vector<std::int64_t>&) override {
    return unsupported("not here");
  }
  Result<Placement> placement() override { return unsupported("not here"); }
  int runs = 0;

 private:
  std::optional<float> instead_;  // nothing: it does not fail
};

// Grey with some detail; one place is white.
Picture with_lamp() {
  Picture picture(200, 100, 3);
  for (int channel = 0; channel < 3; ++channel)
    for (int y = 0; y < 100; ++y)
      for (int x = 0; x < 200; ++x)
        picture.row(channel, y)[x] = 0.2F + 0.5F * static_cast<float>((x / 40 + y / 40) % 2);
  picture.row(1, 30)[150] = 1;
  return picture;
}

net::Task small_task() {
  net::Task task;
  task.radius = 2;
  return task;
}

struct Done {
  RestoreStatistics statistics;
  Picture picture;
};

Result<Done> run_with(Session& session, SaferVariants* safer) {
  const Picture picture = with_lamp();
  MemoryReader reader(picture);
  MemoryWriter writer(picture.width, picture.height, picture.channels);
  MANTISSA_ASSIGN(const auto statistics,
                  restore(session, small_task(), reader, writer, {.tile_size = 104, .safer = safer}, {}));
  return Done{statistics, writer.take()};
}

// One after the other: what comes instead of a bright tile.
SaferVariants chain(std::vector<std::pair<std::string, float>> variants, int& opened) {
  return {"int8", [variants, &opened](const std::string& than) -> Result<std::optional<SaferVariant>> {
            for (const auto& [name, instead] : variants) {
              if (narrowness(name) >= narrowness(than)) continue;
              ++opened;
              return std::optional(SaferVariant{name, std::make_unique<FailsOnBright>(instead)});
            }
            return std::optional<SaferVariant>();
          }};
}

TEST(SaferVariants, ABadTileIsDoneAgainUntilOneIsRight) {
  for (const float bad : {NAN, INFINITY, 0.0F, 1.0F, 7.0F}) {  // NaN, infinity, black, white, and beyond white
    FailsOnBright session(bad);
    int opened = 0;
    SaferVariants safer("int8", [&](const std::string& than) -> Result<std::optional<SaferVariant>> {
      ++opened;
      if (than == "int8") return std::optional(SaferVariant{"fp16", std::make_unique<FailsOnBright>(bad)});
      if (than == "fp16") return std::optional(SaferVariant{"fp32", std::make_unique<FailsOnBright>(std::nullopt)});
      return std::optional<SaferVariant>();
    });
    ::testing::internal::CaptureStderr();
    const auto done = run_with(session, &safer);
    const std::string said = ::testing::internal::GetCapturedStderr();
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_EQ(done->statistics.tiles, 2);
    EXPECT_EQ(done->statistics.tiles_repeated, 1);
    EXPECT_LT(largest_difference(done->picture.samples, with_lamp().samples), 1e-6F) << bad;
    EXPECT_EQ(opened, 2);
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
    EXPECT_NE(said.find("int8"), std::string::npos) << said;
    ASSERT_TRUE(run_with(session, &safer).ok());
    EXPECT_EQ(opened, 2) << "stays open for the next picture";
  }
}

TEST(SaferVariants, NothingIsOpenedForAGoodPicture) {
  FailsOnBright session(std::nullopt);
  int opened = 0;
  SaferVariants safer = chain({{"fp32", 0.0F}}, opened);
  const auto done = run_with(session, &safer);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->statistics.tiles_repeated, 0);
  EXPECT_EQ(opened, 0);
}

TEST(SaferVariants, NanInAllIsAnErrorThatNamesTheLast) {
  FailsOnBright session(NAN);
  int opened = 0;
  SaferVariants safer = chain({{"bf16", NAN}, {"fp32", NAN}}, opened);
  const auto done = run_with(session, &safer);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::unsupported);
  EXPECT_NE(done.error().message().find("fp32 gives NaN"), std::string::npos) << done.error().message();
}

TEST(SaferVariants, WhatFp32MakesFlatTooIsWhatTheNetworkGives) {
  FailsOnBright session(0);
  int opened = 0;
  SaferVariants safer = chain({{"fp32", 0.0F}}, opened);
  const auto done = run_with(session, &safer);
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_EQ(done->statistics.tiles_repeated, 1);
}

TEST(SaferVariants, ANetworkFileHasNothingSafer) {
  FailsOnBright session(NAN);
  SaferVariants none;
  const auto done = run_with(session, &none);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, ErrorCode::unsupported);
}

// Bright numbers become 80000, beyond the 65504 of half precision, and are divided again. `as_half` rounds what is
// between to half precision, as a chip that computes in it does.
ir::Graph overflows_in_half(bool as_half) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, picture_shape(3));
  const auto constant = [&](const char* name, float value) {
    return graph.add_constant(name, ir::Tensor::of_floats({1, 1, 1, 1}, {value}));
  };
  ir::ValueId large = graph.add("Mul", {x, constant("many", 80000.0F)}, {}, "enlarge");
  if (as_half) {
    large = graph.add("RoundTo", {large}, {{"format", std::string("float16")}, {"overflow", std::string("infinity")}},
                      "half");
    graph.node(graph.value(large).producer).domain = "mantissa";
  }
  const ir::ValueId out = graph.add("Mul", {large, constant("few", 0.0000125F)}, {}, "back");
  graph.value(out).format = base::NumberFormat::float32;
  graph.value(out).shape = picture_shape(3);
  graph.outputs = {out};
  return graph;
}

// On a real engine: the same network in half precision, as it would be computed, and in float32.
TEST(SaferVariants, HalfPrecisionThatOverflowsOnABrightTileOnly) {
  auto narrow = open("onnxruntime-cpu", overflows_in_half(true), {.optimize = false, .tap = {}});
  ASSERT_TRUE(narrow.ok()) << narrow.error().message();
  SaferVariants safer("fp16", [](const std::string& than) -> Result<std::optional<SaferVariant>> {
    if (than == "fp32") return std::optional<SaferVariant>();
    MANTISSA_ASSIGN(auto session, open("onnxruntime-cpu", overflows_in_half(false)));
    return std::optional(SaferVariant{"fp32", std::move(session)});
  });
  ::testing::internal::CaptureStderr();
  const auto done = run_with(**narrow, &safer);
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_EQ(done->statistics.tiles, 2);
  EXPECT_EQ(done->statistics.tiles_repeated, 1);
  EXPECT_NE(said.find("fp16 gives NaN or infinity"), std::string::npos) << said;
  EXPECT_LT(largest_difference(done->picture.samples, with_lamp().samples), 2e-3F);
}

TEST(TileCheck, NoiseThatIsRemovedIsNoCollapse) {
  Tile tile{{0, 0, 320, 320}, {0, 0, 320, 320}};
  net::Task task;
  task.colour = net::Colour::luminance;
  std::vector<float> noisy(320 * 320), flat(320 * 320, 0.5F);
  const Picture random = random_picture(320, 320, 1);
  for (std::size_t i = 0; i < noisy.size(); ++i) noisy[i] = 0.5F + 0.5F * (random.samples[i] - 0.5F);
  EXPECT_FALSE(collapsed(noisy, flat, tile, task));
  for (std::size_t i = 0; i < noisy.size() / 2; ++i) noisy[i] *= 0.3F;  // now there is a picture under the noise
  EXPECT_TRUE(collapsed(noisy, flat, tile, task));
  EXPECT_FALSE(collapsed(noisy, noisy, tile, task));
}

TEST(TileCheck, SmallTilesAreNotJudged) {
  const Tile tile{{0, 0, 40, 40}, {0, 0, 40, 40}};
  const std::vector<float> in = random_picture(40, 40, 3).samples, out(in.size(), 0.0F);
  EXPECT_FALSE(collapsed(in, out, tile, net::Task{}));
}

}  // namespace
}  // namespace mantissa::run
