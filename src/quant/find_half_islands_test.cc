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

// The operators that are put back to float32 when the value `name` reaches `largest`.
std::string islands(NumberFormat format, const std::string& name, float largest,
                    std::vector<std::string>* reasons = nullptr) {
  const auto graph = ir::parse(kChain);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  plan::Plan plan = plan::plan_half(*graph, format);
  Statistics statistics;
  for (const ir::ValueId id : values_to_watch(*graph, plan))
    statistics.values[graph->value(id).name].add(std::vector<std::int64_t>{1},
                                                 std::vector<float>{graph->value(id).name == name ? largest : 1.0F});
  EXPECT_TRUE(find_half_islands(*graph, plan, statistics).ok());
  std::string found;
  for (const plan::Choice& choice : plan.choices) {
    if (choice.format == format) continue;
    found += (found.empty() ? "" : " ") + graph->value(graph->node(choice.node).outputs[0]).name;
    if (reasons != nullptr) reasons->push_back(choice.reason);
    EXPECT_EQ(choice.refused.back().format, format);
  }
  return found;
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

TEST(FindHalfIslands, Bfloat16HoldsNearlyEverything) { EXPECT_EQ(islands(NumberFormat::bfloat16, "b", 1e30F), ""); }

}  // namespace
}  // namespace mantissa::quant
