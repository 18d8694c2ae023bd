#include "quant/find_half_islands.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;

constexpr std::string_view kChain = R"(graph {
  input %x : float32[1]
  const %k : float32[1] = {3}
  const %big : float32[1] = {40000}
  %a : float32[1] = Exp(%x)
  %b : float32[1] = Mul(%a, %k)
  %c : float32[1] = Tanh(%b)
  %d : float32[1] = Mul(%c, %big)
  %y : float32[1] = Relu(%d)
  output %y
})";

// The results of the nodes that are put back to float32 when the value `name` reaches `largest`, and all others 1.
std::string islands_of(std::string_view text, NumberFormat format, const std::string& name, float largest,
                       std::vector<std::string>* reasons = nullptr) {
  const auto graph = ir::parse(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  const plan::Plan before = plan::plan_half(*graph, format);
  plan::Plan plan = before;
  Statistics statistics;
  for (const ir::ValueId id : values_to_watch(*graph, plan))
    statistics.values[graph->value(id).name].add(std::vector<std::int64_t>{1},
                                                 std::vector<float>{graph->value(id).name == name ? largest : 1.0F});
  EXPECT_TRUE(find_half_islands(*graph, plan, statistics).ok());
  std::string found;
  for (std::size_t i = 0; i < plan.choices.size(); ++i) {
    const plan::Choice& choice = plan.choices[i];
    if (choice.format == before.choices[i].format) continue;
    found += (found.empty() ? "" : " ") + graph->value(graph->node(choice.node).outputs[0]).name;
    if (reasons != nullptr) reasons->push_back(choice.reason);
    EXPECT_EQ(choice.refused.back().format, format);
  }
  return found;
}

std::string islands(NumberFormat format, const std::string& name, float largest,
                    std::vector<std::string>* reasons = nullptr) {
  return islands_of(kChain, format, name, largest, reasons);
}

TEST(FindHalfIslands, ALargeConstantKeepsItsReaderInFloat) { EXPECT_EQ(islands(NumberFormat::float16, "", 0), "d"); }

TEST(FindHalfIslands, ALargeResultKeepsMakerAndReadersInFloat) {
  std::vector<std::string> reasons;
  EXPECT_EQ(islands(NumberFormat::float16, "b", 70000, &reasons), "b c d");
  EXPECT_NE(reasons[0].find("7e+04"), std::string::npos) << reasons[0];
  EXPECT_NE(reasons[1].find("reads b"), std::string::npos) << reasons[1];
}

TEST(FindHalfIslands, NegativeOnesCount) { EXPECT_EQ(islands(NumberFormat::float16, "b", -70000), "b c d"); }

TEST(FindHalfIslands, KeepsAMarginOfTwo) {
  EXPECT_EQ(islands(NumberFormat::float16, "b", 33000), "b c d") << "65504 / 2 is less";
  EXPECT_EQ(islands(NumberFormat::float16, "b", 32000), "d");
}

TEST(FindHalfIslands, AResultBelowTheNormalNumbersKeepsMakerAndReadersInFloat) {
  std::vector<std::string> reasons;
  EXPECT_EQ(islands(NumberFormat::float16, "b", 5e-5F, &reasons), "b c d");
  EXPECT_NE(reasons[0].find("5e-05"), std::string::npos) << reasons[0];
  EXPECT_EQ(islands(NumberFormat::float16, "b", 7e-5F), "d") << "2^-14 is 6.1e-5";
  EXPECT_EQ(islands(NumberFormat::float16, "b", 0), "d") << "zero is held exactly";
  EXPECT_EQ(islands(NumberFormat::bfloat16, "b", 5e-5F), "") << "it has the exponents of float32";
}

TEST(FindHalfIslands, APictureThatIsTooLargeIsReadInFloat) {
  EXPECT_EQ(islands(NumberFormat::float16, "x", 65535), "a d") << "16-bit levels";
}

// One layer between two others, with these weights: two output channels of two.
std::string islands_with_weights(const std::string& weights, NumberFormat format = NumberFormat::float16) {
  return islands_of("graph {\n input %x : float32[1,2,h,w]\n const %w : float32[2,2,1,1] = {" + weights + R"(}
    const %bias : float32[2] = {1e-9, 1e-9}
    %a : float32[1,2,h,w] = Sigmoid(%x)
    %b : float32[1,2,h,w] = Conv(%a, %w, %bias)
    %y : float32[1,2,h,w] = Sigmoid(%b)
    output %y
  })",
                    format, "", 0);
}

TEST(FindHalfIslands, WeightsThatUnderflowKeepTheirLayerInFloat) {
  EXPECT_EQ(islands_with_weights("0.1, 0.2, 0.3, -0.4"), "") << "a tiny bias is added to large sums";
  EXPECT_EQ(islands_with_weights("2e-6, 3e-6, 0.3, -0.4"), "b") << "34 and 50 steps: 1 % off";
  EXPECT_EQ(islands_with_weights("2e-6, 3e-6, 0.3, -0.4", NumberFormat::bfloat16), "");
  EXPECT_EQ(islands_with_weights("1e-9, 1e-9, 1e-9, 1e-9"), "b") << "all would become zero";
  EXPECT_EQ(islands_with_weights("0.1, 1e-9, 0.3, 1e-9"), "") << "what becomes zero is nothing beside the others";
  EXPECT_EQ(islands_with_weights("1e-7, 2e-7, 0.3, -0.4"), "") << "a channel that weight decay has emptied";
}

TEST(FindHalfIslands, WhatKeepsADivisorFromZeroStays) {
  constexpr std::string_view kNormalization = R"(graph {
    input %x : float32[1,2,h,w]
    const %eps : float32[] = {1e-12}
    const %one : float32[] = {1e-3}
    %n : float32[1,2,h,1] = GlobalLpPool(%x)
    %c : float32[1,2,h,1] = Clip(%n, %eps)
    %e : float32[1,2,h,w] = Reshape(%c, %x)
    %d : float32[1,2,h,w] = Div(%x, %e)
    %y : float32[1,2,h,w] = Add(%d, %one)
    output %y
  })";
  EXPECT_EQ(islands_of(kNormalization, NumberFormat::float16, "", 0), "c e d");
  EXPECT_EQ(islands_of(kNormalization, NumberFormat::bfloat16, "", 0), "");
}

TEST(FindHalfIslands, ABoundBeyondTheFormatBoundsNothing) {
  constexpr std::string_view kClip = R"(graph {
    input %x : float32[1]
    const %zero : float32[] = {0}
    const %largest : float32[] = {3.4e38}
    %y : float32[1] = Clip(%x, %zero, %largest)
    output %y
  })";
  EXPECT_EQ(islands_of(kClip, NumberFormat::float16, "", 0), "");
}

TEST(FindHalfIslands, ASingleNodeBetweenIslandsJoinsThem) {
  constexpr std::string_view kBetween = R"(graph {
    input %x : float32[1]
    const %big : float32[1] = {40000}
    %a : float32[1] = Mul(%x, %big)
    %b : float32[1] = Tanh(%a)
    %c : float32[1] = Mul(%b, %big)
    %d : float32[1] = Tanh(%c)
    %e : float32[1] = Relu(%d)
    %f : float32[1] = Mul(%e, %big)
    output %f
  })";
  std::vector<std::string> reasons;
  EXPECT_EQ(islands_of(kBetween, NumberFormat::float16, "", 0, &reasons), "a b c f");
  EXPECT_NE(reasons[1].find("two casts"), std::string::npos) << reasons[1];
}

TEST(FindHalfIslands, Bfloat16HoldsNearlyEverything) { EXPECT_EQ(islands(NumberFormat::bfloat16, "b", 1e30F), ""); }

}  // namespace
}  // namespace mantissa::quant
