#include "plan/plan.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::plan {
namespace {

using base::NumberFormat;
using pass::QdqStyle;

// Two convolutions; the first with a Relu, the second added to the first's result and moved to pixels.
constexpr std::string_view kNetwork = R"(graph {
  input %x : float32[1,1,h,w]
  const %w1 : float32[4,1,1,1] = {1,1,1,1}
  const %w2 : float32[4,4,1,1] = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}
  %a : float32[1,4,h,w] = Conv(%x, %w1)
  %r : float32[1,4,h,w] = Relu(%a)
  %b : float32[1,4,h,w] = Conv(%r, %w2)
  %d : float32[1,1,"h*2","w*2"] = DepthToSpace(%b) {blocksize=2}
  %y : float32[1,1,"h*2","w*2"] = Tanh(%d)
  output %y
})";

ir::Graph graph_of(std::string_view text) {
  auto graph = ir::parse(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return *std::move(graph);
}

// "Conv int8, Relu float32, ..."
std::string told(const ir::Graph& graph, const Plan& plan) {
  std::string text;
  for (const Choice& choice : plan.choices) {
    text += (text.empty() ? "" : ", ") + graph.node(choice.node).op + " " + std::string(base::name_of(choice.format));
    EXPECT_FALSE(choice.reason.empty()) << graph.describe(choice.node);
    for (const Refusal& refusal : choice.refused) EXPECT_FALSE(refusal.reason.empty());
  }
  return text;
}

std::string names(const ir::Graph& graph, const std::vector<ir::ValueId>& values) {
  std::string text;
  for (const ir::ValueId id : values) text += (text.empty() ? "" : " ") + graph.value(id).name;
  return text;
}

std::string values_of(std::string_view text, QdqStyle style) {
  ir::Graph graph = graph_of(text);
  apply(plan_eight_bits(graph, style), graph);
  return names(graph, values_to_quantize(graph, style));
}

// A gain for the whole picture, from a branch of its own.
TEST(PlanInt8, WhatActsOnTheWholePictureAlikeStaysFloat) {
  const ir::Graph graph = graph_of(R"(graph {
  input %x : float32[1,1,h,w]
  const %w : float32[1,1,1,1] = {2}
  %a : float32[1,1,h,w] = Conv(%x, %w) @branch
  %g : float32[1,1,1,1] = GlobalAveragePool(%a)
  %c : float32[1,1,h,w] = Conv(%x, %w) @trunk
  %y : float32[1,1,h,w] = Mul(%c, %g)
  output %y
})");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)),
            "Conv float32, GlobalAveragePool float32, Conv int8, Mul float32");
}

// As checkpoints are rebuilt: the number of pictures is free too, and is no size of theirs.
TEST(PlanInt8, ABatchIsNoPictureThatExtends) {
  const ir::Graph graph = graph_of(R"(graph {
  input %x : float32[batch,1,h,w]
  const %w : float32[1,1,1,1] = {2}
  %a : float32[batch,1,h,w] = Conv(%x, %w) @branch
  %g : float32[batch,1,1,1] = GlobalAveragePool(%a)
  %c : float32[batch,1,h,w] = Conv(%x, %w) @trunk
  %y : float32[batch,1,h,w] = Mul(%c, %g)
  output %y
})");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)),
            "Conv float32, GlobalAveragePool float32, Conv int8, Mul float32");
}

TEST(PlanInt8, FixedSizesTellNothingAboutTheWholePicture) {
  const ir::Graph graph = graph_of(R"(graph {
  input %x : float32[1,1,8,8]
  const %w : float32[1,1,1,1] = {2}
  %y : float32[1,1,8,8] = Conv(%x, %w)
  output %y
})");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)), "Conv int8");
}

TEST(PlanInt8, ClosedChainsTakeWhatFollowsAConvolution) {
  const ir::Graph graph = graph_of(kNetwork);
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::closed)),
            "Conv int8, Relu int8, Conv int8, DepthToSpace int8, Tanh float32");
}

TEST(PlanInt8, WithInputsOnlyResultsStayFloat) {
  const ir::Graph graph = graph_of(kNetwork);
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)),
            "Conv int8, Relu float32, Conv int8, DepthToSpace float32, Tanh float32");
}

TEST(PlanInt8, AProtectedLayerTakesItsFollowersAlong) {
  const ir::Graph graph = graph_of(kNetwork);
  const ir::NodeId last = graph.value(*graph.find_value("b")).producer;
  const Plan plan = plan_eight_bits(graph, QdqStyle::closed, base::NumberFormat::int8, {{last, "it is precious"}});
  EXPECT_EQ(told(graph, plan), "Conv int8, Relu int8, Conv float32, DepthToSpace float32, Tanh float32");
  EXPECT_EQ(plan.choices[2].reason, "it is precious");
  EXPECT_EQ(plan.choices[2].refused[0].format, NumberFormat::int8);
}

TEST(PlanInt8, ReluOfAValueThatIsReadElsewhereStaysFloat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %a : float32[1,1,h,w] = Conv(%x, %w)
    %r : float32[1,1,h,w] = Relu(%a)
    %y : float32[1,1,h,w] = Add(%a, %r)
    output %y
  })");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::closed)), "Conv int8, Relu float32, Add float32");
}

TEST(PlanInt8, ATransposedConvolutionWhereTheEngineHasIt) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %y : float32[1,1,h,w] = ConvTranspose(%x, %w)
    output %y
  })");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)), "ConvTranspose int8");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::closed)), "ConvTranspose float32");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only, NumberFormat::float8_e4m3fn)),
            "ConvTranspose float32");
}

TEST(PlanInt8, SaysWhyNot) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %h : float16[1,1,1,1] = {1}
    const %m : float32[4,4] = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}
    %n : float32[1,1,h,w] = Tanh(%x)
    %a : float32[1,1,h,w] = Conv(%x, %n)
    %b : float32[1,1,h,w] = Conv(%x, %h)
    %c : float32[1,1,h,4] = MatMul(%b, %m)
    output %a, %c
  })");
  const Plan closed = plan_eight_bits(graph, QdqStyle::closed);
  EXPECT_EQ(told(graph, closed), "Tanh float32, Conv float32, Conv float32, MatMul float32");
  EXPECT_NE(closed.choices[0].reason.find("Tanh"), std::string::npos);
  EXPECT_NE(closed.choices[1].reason.find("computed"), std::string::npos);
  EXPECT_NE(closed.choices[2].reason.find("float32"), std::string::npos);
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)),
            "Tanh float32, Conv float32, Conv float32, MatMul int8");
}

TEST(PlanHalf, LeavesIntegersAlone) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    %s : int64[4] = Shape(%x)
    %y : float32[1,1,h,w] = Reshape(%x, %s)
    output %y
  })");
  const Plan plan = plan_half(graph, NumberFormat::float16);
  EXPECT_EQ(plan.variant, "fp16");
  EXPECT_EQ(told(graph, plan), "Shape float32, Reshape float16");
}

// A half holds no odd number above 2048: a width would be rounded.
TEST(PlanHalf, KeepsWhatDependsOnSizesAloneInFloat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %half : float32[] = {0.5}
    const %k : float32[1] = {0.5}
    %s : int64[4] = Shape(%x)
    %f : float32[4] = Cast(%s) {to=1}
    %m : float32[4] = Mul(%f, %half)
    %t : int64[4] = Cast(%m) {to=7}
    %q : float32[1] = Sqrt(%k)
    %v : float32[1,1,h,w] = Mul(%x, %q)
    %p : float32[4] = ConstantOfShape(%t)
    %y : float32[4] = Add(%v, %p)
    output %y
  })");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::float16)),
            "Shape float32, Cast float32, Mul float32, Cast float32, Sqrt float16, Mul float16, ConstantOfShape "
            "float32, Add float16");
}

TEST(PlanHalf, LeavesInFloatWhatOnnxDoesNotHaveInTheFormat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,2,h,w]
    %y : float32[1,2,h,w] = Einsum(%x) {equation="bchw->bchw"}
    output %y
  })");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::float16)), "Einsum float16");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::bfloat16)), "Einsum float32");
}

// The picture has eight significant bits, and bfloat16 no more: rounding it once more is seen.
TEST(PlanHalf, LeavesWhatMakesThePictureInFloat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[4,1,1,1] = {1, 2, 3, 4}
    const %scales : float32[4] = {1, 1, 2, 2}
    %r : float32[1,1,h,w] = Relu(%x)
    %c : float32[1,4,h,w] = Conv(%r, %w)
    %d : float32[1,1,2h,2w] = DepthToSpace(%c) {blocksize=2}
    %u : float32[1,1,2h,2w] = Resize(%x, _, %scales)
    %y : float32[1,1,2h,2w] = Add(%d, %u)
    output %y
  })");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::bfloat16)),
            "Relu bfloat16, Conv bfloat16, DepthToSpace float32, Resize float32, Add float32");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::float16)),
            "Relu float16, Conv float16, DepthToSpace float16, Resize float16, Add float16");
}

TEST(PlanHalf, LeavesWhatStatesItsTypeInFloat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[2,2]
    const %two : int64[2] = {2, 2}
    %e : float32[2,2] = EyeLike(%x) {dtype=1}
    %z : float32[2,2] = ConstantOfShape(%two)
    %a : float32[2,2] = Add(%e, %z)
    output %a
  })");
  EXPECT_EQ(told(graph, plan_half(graph, NumberFormat::float16)),
            "EyeLike float32, ConstantOfShape float32, Add float16");
}

// Tables of positions that go through a small network of their own, as in window attention.
TEST(PlanEightBits, LeavesWhatDoesNotDependOnThePictureInFloat) {
  const ir::Graph graph = graph_of(R"(graph {
    input %x : float32[4,2]
    const %positions : float32[4,2] = {0, 0, 0, 1, 1, 0, 1, 1}
    const %w : float32[2,2] = {1, 2, 3, 4}
    %a : float32[4,2] = Gemm(%positions, %w)
    %b : float32[4,2] = Relu(%a)
    %c : float32[4,2] = Gemm(%b, %w)
    %d : float32[4,2] = Gemm(%x, %w)
    %y : float32[4,2] = Add(%c, %d)
    output %y
  })");
  EXPECT_EQ(told(graph, plan_eight_bits(graph, QdqStyle::inputs_only)),
            "Gemm float32, Relu float32, Gemm float32, Gemm int8, Add float32");
}

TEST(Choice, RefusalKeepsTheAlternative) {
  ir::Graph graph = graph_of(kNetwork);
  Plan plan = plan_half(graph, NumberFormat::float16);
  const ir::NodeId tanh = graph.value(*graph.find_value("y")).producer;
  ASSERT_EQ(plan.choices.back().node, tanh);
  plan.choices.back().refuse(NumberFormat::float32, "it overflows");
  EXPECT_EQ(plan.choices.back().refused.back().format, NumberFormat::float16);
  apply(plan, graph);
  EXPECT_EQ(graph.node(tanh).format, NumberFormat::float32);
  EXPECT_EQ(graph.node(plan.choices.front().node).format, NumberFormat::float16);
}

TEST(ValuesToQuantize, ClosedChainsHaveThemOnBothSides) {
  EXPECT_EQ(values_of(kNetwork, QdqStyle::closed), "x r b d") << "%a is absorbed by its Relu";
}

TEST(ValuesToQuantize, InputsOnly) { EXPECT_EQ(values_of(kNetwork, QdqStyle::inputs_only), "x r"); }

TEST(ValuesToQuantize, AnOutputBeforeItsReluIsNotAbsorbed) {
  EXPECT_EQ(values_of(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %a : float32[1,1,h,w] = Conv(%x, %w)
    %r : float32[1,1,h,w] = Relu(%a)
    output %a, %r
  })",
                      QdqStyle::closed),
            "x a");
}

}  // namespace
}  // namespace mantissa::plan
