#include "quant/patch_moments.h"

#include <gtest/gtest.h>

#include <numeric>
#include <tuple>

#include "ir/text.h"

namespace mantissa::quant {
namespace {

Result<Window> window_in(const std::string& convolution, const std::string& weight = "2,3,3,3") {
  std::string zeros;
  std::size_t count = 1;
  for (const char c : weight)
    if (c != ',') count *= static_cast<std::size_t>(c - '0');
  for (std::size_t i = 0; i < count; ++i) zeros += i == 0 ? "0" : ",0";
  const auto graph = ir::parse("graph { input %x : float32[1,3,h,w] const %w : float32[" + weight + "] = {" + zeros +
                               "} %y = " + convolution + " output %y }");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return window_of(*graph, graph->sorted().front());
}

TEST(WindowOf, ReadsTheAttributes) {
  const auto window = window_in("Conv(%x, %w) {dilations=[1,2], pads=[1,2,3,4], strides=[2,1]}");
  ASSERT_TRUE(window.ok()) << window.error().message();
  EXPECT_EQ(window->size(), 27);
  EXPECT_EQ(std::tie(window->stride_y, window->stride_x, window->dilation_y, window->dilation_x),
            std::make_tuple(2, 1, 1, 2));
  EXPECT_EQ(std::tie(window->pad_top, window->pad_left, window->pad_bottom, window->pad_right),
            std::make_tuple(1, 2, 3, 4));
}

TEST(WindowOf, RefusesWhatItCannotFollow) {
  EXPECT_EQ(window_in("Relu(%x)").error().code, ErrorCode::unsupported);
  EXPECT_EQ(window_in("Conv(%x, %x)").error().code, ErrorCode::unsupported);
  EXPECT_EQ(window_in("Conv(%x, %w) {group=2}").error().code, ErrorCode::unsupported);
  EXPECT_EQ(window_in("Conv(%x, %w) {auto_pad=\"SAME_UPPER\"}").error().code, ErrorCode::unsupported);
  EXPECT_EQ(window_in("Conv(%x, %w)", "2,3,3").error().code, ErrorCode::unsupported);
}

// An input whose only position is one patch: every sample is that patch.
TEST(PatchMoments, AreProductsOfThePatch) {
  const Window window{.channels = 2, .kernel_height = 1, .kernel_width = 2};
  PatchMoments moments(window);
  std::mt19937_64 random(1);
  const std::vector<float> elements = {1, 2, 3, 4};
  moments.add(std::vector<std::int64_t>{1, 2, 1, 2}, elements, 1, random);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j <= i; ++j)
      EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(i, j)), static_cast<float>((i + 1) * (j + 1))) << i << ' ' << j;
}

TEST(PatchMoments, PaddingCountsAsZeros) {
  const Window window{.channels = 1, .kernel_height = 1, .kernel_width = 3, .pad_left = 1, .pad_right = 1};
  PatchMoments moments(window);
  std::mt19937_64 random(1);
  const std::vector<float> elements = {5};
  moments.add(std::vector<std::int64_t>{1, 1, 1, 1}, elements, 1, random);
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(1, 1)), 25);
  EXPECT_EQ(moments.mean(0, 0), 0);
  EXPECT_EQ(moments.mean(2, 1), 0);
}

TEST(PatchMoments, ApproachTheMomentsOfTheInput) {
  const Window window{.channels = 1, .kernel_height = 1, .kernel_width = 2, .stride_x = 2};
  PatchMoments moments(window);
  std::mt19937_64 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> elements(20000);
  for (std::size_t i = 0; i < elements.size(); i += 2) {
    elements[i] = normal(random);
    elements[i + 1] = 0.6F * elements[i] + 0.8F * normal(random);
  }
  moments.add(std::vector<std::int64_t>{1, 1, 1, static_cast<std::int64_t>(elements.size())}, elements, 1, random);
  EXPECT_NEAR(moments.mean(0, 0), 1, 0.06);
  EXPECT_NEAR(moments.mean(1, 1), 1, 0.06);
  EXPECT_NEAR(moments.mean(1, 0), 0.6, 0.06);
}

TEST(PatchMoments, DependOnTheSeedAlone) {
  const Window window{.channels = 1, .kernel_height = 3, .kernel_width = 3};
  std::vector<float> elements(std::size_t{64} * 64);
  std::iota(elements.begin(), elements.end(), 0.0F);
  const auto of_seed = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    PatchMoments moments(window);
    moments.add(std::vector<std::int64_t>{1, 1, 64, 64}, elements, 0.01, random);
    return moments.mean(8, 3);
  };
  EXPECT_EQ(of_seed(5), of_seed(5));
  EXPECT_NE(of_seed(5), of_seed(6));
}

TEST(PatchMoments, AnInputThatIsTooSmallAddsNothing) {
  PatchMoments moments(Window{.channels = 1, .kernel_height = 3, .kernel_width = 3});
  std::mt19937_64 random(1);
  moments.add(std::vector<std::int64_t>{1, 1, 2, 9}, std::vector<float>(18, 1.0F), 1, random);
  EXPECT_EQ(moments.mean(0, 0), 0);
}

TEST(PatchMoments, ScaleWithTheirChannels) {
  PatchMoments moments(Window{.channels = 2});
  std::mt19937_64 random(1);
  moments.add(std::vector<std::int64_t>{1, 2, 1, 1}, std::vector<float>{3, 5}, 1, random);
  moments.scale_channels(std::vector<double>{2, 10});
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(0, 0)), 36);
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(1, 0)), 300);
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(1, 1)), 2500);
}

// With as many samples of each of the few positions as there are at all, up to chance.
TEST(PatchMoments, SeeWhatTheConvolutionSees) {
  const Window window{.channels = 2,
                      .kernel_height = 3,
                      .kernel_width = 2,
                      .stride_y = 2,
                      .stride_x = 1,
                      .dilation_y = 1,
                      .dilation_x = 3,
                      .pad_top = 1,
                      .pad_left = 2,
                      .pad_bottom = 0,
                      .pad_right = 1};
  constexpr int kHeight = 5;
  constexpr int kWidth = 4;
  std::vector<float> elements(2 * kHeight * kWidth);
  std::iota(elements.begin(), elements.end(), 1.0F);
  const auto [rows, columns] = window.output_size(kHeight, kWidth);
  const auto at = [&](int c, int y, int x) -> double {
    return y < 0 || y >= kHeight || x < 0 || x >= kWidth
               ? 0
               : elements[static_cast<std::size_t>((c * kHeight + y) * kWidth + x)];
  };
  std::vector<double> expected(144, 0.0);
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x)
      for (int i = 0; i < 12; ++i)
        for (int j = 0; j < 12; ++j) {
          const auto seen = [&](int e) { return at(e / 6, y * 2 - 1 + e % 6 / 2, x - 2 + e % 2 * 3); };
          expected[static_cast<std::size_t>(i * 12 + j)] += seen(i) * seen(j) / (rows * columns);
        }
  PatchMoments moments(window);
  std::mt19937_64 random(1);
  moments.add(std::vector<std::int64_t>{1, 2, kHeight, kWidth}, elements, 2000, random);
  for (int i = 0; i < 12; ++i)
    for (int j = 0; j < 12; ++j)
      EXPECT_NEAR(moments.mean(i, j), expected[static_cast<std::size_t>(i * 12 + j)], 20) << i << ' ' << j;
}

TEST(PatchMoments, MeansComeInTheOrderAskedFor) {
  PatchMoments moments(Window{.channels = 3});
  std::mt19937_64 random(1);
  moments.add(std::vector<std::int64_t>{1, 3, 1, 1}, std::vector<float>{2, 3, 5}, 1, random);
  moments.scale_channels(std::vector<double>{1, 2, 1});
  const std::vector<int> order = {2, 0, 1};
  const Triangle means = moments.means(order);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      EXPECT_FLOAT_EQ(means.at(i, j), static_cast<float>(moments.mean(order[i], order[j])));
  EXPECT_FLOAT_EQ(means.at(0, 2), 5 * 6);
}

TEST(PatchMoments, ACopyIsItsOwn) {
  PatchMoments moments(Window{.channels = 1});
  std::mt19937_64 random(1);
  moments.add(std::vector<std::int64_t>{1, 1, 1, 1}, std::vector<float>{1}, 1, random);
  PatchMoments copy = moments;
  copy.add(std::vector<std::int64_t>{1, 1, 1, 1}, std::vector<float>{3}, 1, random);
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(0, 0)), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(copy.mean(0, 0)), 5);
  PatchMoments scaled = moments;
  scaled.scale_channels(std::vector<double>{2});
  scaled.scale_channels(std::vector<double>{3});
  EXPECT_FLOAT_EQ(static_cast<float>(moments.mean(0, 0)), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(scaled.mean(0, 0)), 36);
}

}  // namespace
}  // namespace mantissa::quant
