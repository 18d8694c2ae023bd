#include "quant/correct_bias.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::quant {
namespace {

// Statistics of one pixel a channel.
ValueStatistics with_means(const std::vector<float>& means) {
  ValueStatistics statistics;
  statistics.add(std::vector<std::int64_t>{1, static_cast<std::int64_t>(means.size()), 1, 1}, means);
  return statistics;
}

ir::Graph graph_of(const std::string& weight, const std::string& convolution) {
  auto graph = ir::parse("graph { input %x : float32[1,2,h,w] const %w : float32" + weight +
                         " const %b : float32[2] = {10, 20} %y = " + convolution + " output %y }");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return *std::move(graph);
}

std::vector<float> bias_after(ir::Graph graph, const std::vector<float>& before, const ValueStatistics& input) {
  const ir::NodeId node = graph.sorted().front();
  EXPECT_TRUE(correct_bias(graph, node, before, input).ok());
  const ir::Tensor* bias = graph.constant_input(node, 2);
  return bias == nullptr ? std::vector<float>() : bias->floats().value();
}

TEST(CorrectBias, TakesBackTheMeanOfTheError) {
  // Output 0: +0.1 on channel 0 (mean 2), -0.2 on channel 1 (mean 3): the mean shifts by -0.4. Output 1 is unchanged.
  const auto bias =
      bias_after(graph_of("[2,2,1,1] = {1.1, 0.8, 5, 6}", "Conv(%x, %w, %b)"), {1, 1, 5, 6}, with_means({2, 3}));
  ASSERT_EQ(bias.size(), 2U);
  EXPECT_NEAR(bias[0], 10.4F, 1e-5);
  EXPECT_EQ(bias[1], 20);
}

TEST(CorrectBias, SumsOverTheTapsOfAKernel) {
  const auto bias = bias_after(graph_of("[2,2,1,2] = {1, 2, 0, 0, 0, 0, 0, 0}", "Conv(%x, %w, %b)"),
                               std::vector<float>(8), with_means({2, 100}));
  EXPECT_NEAR(bias[0], 10 - 3 * 2, 1e-5);
}

TEST(CorrectBias, KnowsGroups) {
  const auto bias =
      bias_after(graph_of("[2,1,1,1] = {1, 1}", "Conv(%x, %w, %b) {group=2}"), {0, 0}, with_means({2, 3}));
  EXPECT_EQ(bias, (std::vector<float>{8, 17}));
}

TEST(CorrectBias, GivesABiasToWhatHasNone) {
  EXPECT_EQ(bias_after(graph_of("[2,2,1,1] = {1, 0, 0, 1}", "Conv(%x, %w)"), {0, 0, 0, 0}, with_means({2, 3})),
            (std::vector<float>{-2, -3}));
}

TEST(CorrectBias, LeavesOtherReadersOfTheBiasAlone) {
  ir::Graph graph = *ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    const %b : float32[1] = {7}
    %a = Conv(%x, %w, %b)
    %y = Conv(%a, %w, %b)
    output %y
  })");
  ASSERT_TRUE(correct_bias(graph, graph.sorted()[0], {0}, with_means({1})).ok());
  EXPECT_EQ(graph.constant_input(graph.sorted()[0], 2)->floats().value(), (std::vector<float>{6}));
  EXPECT_EQ(graph.constant_input(graph.sorted()[1], 2)->floats().value(), (std::vector<float>{7}));
}

TEST(CorrectBias, DoesNothingWithoutChannelsToGoBy) {
  EXPECT_EQ(bias_after(graph_of("[2,2,1,1] = {1, 1, 1, 1}", "Conv(%x, %w, %b)"), {0, 0, 0, 0}, with_means({2})),
            (std::vector<float>{10, 20}));
}

}  // namespace
}  // namespace mantissa::quant
