// From a network to its file in 16-bit floats, and what an engine makes of it by emulation: it stays near fp32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ir/text.h"
#include "pass/emulate_rounding.h"
#include "pass/lower_to_half.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "quantization_shared.h"

namespace mantissa::test {
namespace {

// In the middle values reach 600 * 600 * the picture, far above half's 65504.
ir::Graph overflowing() {
  auto graph = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %up : float32[1,1,1,1] = {600}
    const %down : float32[1,1,1,1] = {0.000002777}
    %a = Conv(%x, %up) @up
    %b = Conv(%a, %up) @up_again
    %c = Relu(%b) @relu
    %d = Conv(%c, %down) @down
    %e = Relu(%d) @last
    output %e
  })");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  graph->value(graph->outputs[0]).format = base::NumberFormat::float32;
  graph->value(graph->outputs[0]).shape = run::picture_shape(1);
  return inferred(*graph);
}

// The half file of the plan, executed by emulation.
std::vector<std::vector<float>> in_half(ir::Graph graph, const plan::Plan& plan, std::span<const Batch> inputs) {
  plan::apply(plan, graph);
  EXPECT_TRUE(pass::lower_to_half(graph).ok());
  ir::Graph emulated = inferred(graph);
  EXPECT_TRUE(pass::emulate_rounding(emulated).ok());
  return outputs(emulated, inputs, kOnnxRuntime);
}

TEST(Half, IslandsKeepAnOverflowingNetworkNearFp32) {
  const ir::Graph graph = overflowing();
  const std::vector<Batch> inputs = some_pictures(2, 0, 1);
  plan::Plan plan = plan::plan_half(graph, base::NumberFormat::float16);
  ASSERT_TRUE(quant::find_half_islands(graph, plan, observed(graph, inputs)).ok());
  std::string island;
  for (const plan::Choice& choice : plan.choices)
    if (choice.format == base::NumberFormat::float32) island += graph.node(choice.node).name + " ";
  EXPECT_EQ(island, "up_again relu down ");
  const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), in_half(graph, plan, inputs));
  EXPECT_GT(quality, 50);
  EXPECT_LT(quality, 100) << "nothing was rounded";
}

TEST(Half, WithoutIslandsItOverflows) {
  const ir::Graph graph = overflowing();
  const std::vector<Batch> inputs = some_pictures(1, 0, 1);
  const auto spoiled = in_half(graph, plan::plan_half(graph, base::NumberFormat::float16), inputs);
  const auto broken = std::count_if(spoiled[0].begin(), spoiled[0].end(), [](float x) { return !std::isfinite(x); });
  EXPECT_GT(broken, static_cast<std::ptrdiff_t>(spoiled[0].size() / 2));
}

// A width in half would be rounded, and a mask states its type.
TEST(Half, ANetworkWithCastsAndSizesOfItsOwnRuns) {
  auto parsed = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %zero : float32[] = {0}
    const %eps : float32[] = {1e-12}
    const %w : float32[1,1,1,1] = {0.5}
    %shape = Shape(%x)
    %floats = Cast(%shape) {to=1}
    %sizes = Cast(%floats) {to=7}
    %b = Reshape(%x, %sizes)
    %above = Greater(%b, %zero)
    %mask = Cast(%above) {to=1}
    %c = Mul(%b, %mask)
    %sum = ReduceL2(%c)
    %safe = Clip(%sum, %eps)
    %d = Div(%c, %safe)
    %e = Add(%d, %c)
    %y = Conv(%e, %w)
    output %y
  })");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  parsed->value(parsed->outputs[0]).format = base::NumberFormat::float32;
  parsed->value(parsed->outputs[0]).shape = run::picture_shape(1);
  const ir::Graph graph = inferred(*parsed);
  std::vector<Batch> inputs = some_pictures(2, 0, 1);
  for (const base::NumberFormat format : {base::NumberFormat::float16, base::NumberFormat::bfloat16}) {
    plan::Plan plan = plan::plan_half(graph, format);
    const quant::Statistics statistics = observed(graph, inputs);
    ASSERT_TRUE(quant::find_half_islands(graph, plan, statistics).ok());
    const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), in_half(graph, plan, inputs));
    EXPECT_GT(quality, format == base::NumberFormat::float16 ? 50 : 30);
    EXPECT_LT(quality, 100) << "nothing was rounded";
    std::vector<Batch> black = some_pictures(1, 0, 1);
    std::fill(black[0].values.begin(), black[0].values.end(), 0.0F);
    const auto of_black = in_half(graph, plan, black);
    for (const float value : of_black[0]) ASSERT_EQ(value, 0) << "0 / 0";
  }
}

TEST(Half, SmallNetworkKeepsItsPicture) {
  const ir::Graph graph = small_graph(2);
  const std::vector<Batch> inputs = some_pictures(2, 0, 3);
  const auto half = in_half(graph, plan::plan_half(graph, base::NumberFormat::float16), inputs);
  const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), half);
  EXPECT_GT(quality, 55);
  EXPECT_LT(quality, 90);
}

}  // namespace
}  // namespace mantissa::test
