#include "plan/hazards.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::plan {
namespace {

std::vector<Hazard> hazards_of(const ir::Graph& graph) {
  auto found = find_hazards(graph);
  EXPECT_TRUE(found.ok()) << found.error().message();
  return *std::move(found);
}

ir::Graph graph_of(const std::string& body) {
  auto graph = ir::parse("graph {\n  input %x : float32[1,4,h,w]\n" + body + "  output %y\n}");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return *std::move(graph);
}

// "gates(fp16 int8): Sigmoid, Tanh; ..."
std::string told(const std::string& body) {
  const ir::Graph graph = graph_of(body);
  std::string text;
  for (const Hazard& hazard : hazards_of(graph)) {
    text += (text.empty() ? "" : "; ") + std::string(hazard.name) + "(";
    for (const std::string_view variant : hazard.variants)
      text += (variant == hazard.variants.front() ? "" : " ") + std::string(variant);
    text += "):";
    for (const ir::NodeId node : hazard.nodes) text += " " + graph.node(node).op;
    EXPECT_FALSE(hazard.reason.empty());
  }
  return text;
}

constexpr const char* kConv = "  const %w : float32[4,4,1,1] = {1,1,1,1, 1,1,1,1, 1,1,1,1, 1,1,1,1}\n";

TEST(Hazards, AnEasyNetworkHasNone) {
  EXPECT_EQ(told(std::string(kConv) + "  %a : float32[1,4,h,w] = Conv(%x, %w)\n  %y : float32[1,4,h,w] = Relu(%a)\n"),
            "");
}

TEST(Hazards, SumsOverTheWholePicture) {
  EXPECT_EQ(told("  %y : float32[1,4,1,1] = GlobalAveragePool(%x)\n"), "whole-picture(fp16 int8): GlobalAveragePool");
  const std::string axes = "  const %axes : int64[1] = {";
  EXPECT_EQ(told(axes + "2}\n  %y : float32[1,4,1,w] = ReduceMean(%x, %axes)\n"),
            "whole-picture(fp16 int8): ReduceMean");
  EXPECT_EQ(told(axes + "-1}\n  %y : float32[1,4,h,1] = ReduceL2(%x, %axes)\n"),
            "whole-picture(fp16 int8): ReduceL2; powers(fp16): ReduceL2");
  EXPECT_EQ(told(axes + "1}\n  %y : float32[1,1,h,w] = ReduceMean(%x, %axes)\n"), "") << "over the channels";
}

TEST(Hazards, Powers) {
  EXPECT_EQ(told("  %y : float32[1,4,h,w] = Mul(%x, %x)\n"), "powers(fp16): Mul");
  EXPECT_EQ(told("  %e : float32[1,4,h,w] = Exp(%x)\n  %y : float32[1,4,h,w] = Div(%x, %e)\n"),
            "powers(fp16): Exp Div");
  EXPECT_EQ(told("  const %two : float32[] = {2}\n  %y : float32[1,4,h,w] = Div(%x, %two)\n"), "");
}

TEST(Hazards, ProductsButNotWithAGate) {
  EXPECT_EQ(told("  %a : float32[1,4,h,w] = Relu(%x)\n  %y : float32[1,4,h,w] = Mul(%x, %a)\n"),
            "products(fp16 int8): Mul");
  EXPECT_EQ(told("  %a : float32[1,4,h,w] = Sigmoid(%x)\n  %y : float32[1,4,h,w] = Mul(%x, %a)\n"),
            "gates(int8): Sigmoid");
}

TEST(Hazards, Attention) {
  EXPECT_EQ(told("  %t : float32[1,4,w,h] = Transpose(%x) {perm=[0,1,3,2]}\n"
                 "  %a : float32[1,4,h,h] = MatMul(%x, %t)\n  %s : float32[1,4,h,h] = Softmax(%a)\n"
                 "  %y : float32[1,4,h,w] = MatMul(%s, %x)\n"),
            "whole-picture(fp16 int8): MatMul Softmax MatMul; attention(int8): MatMul Softmax MatMul");
  EXPECT_EQ(told("  const %s : float32[4] = {1, 1, 1, 1}\n  %t : float32[1,h,w,4] = Transpose(%x) {perm=[0,2,3,1]}\n"
                 "  %y : float32[1,h,w,4] = LayerNormalization(%t, %s)\n"),
            "normalization(int8): LayerNormalization");
}

TEST(Hazards, WhatThePlannerLeavesInFloatIsToldInItsWords) {
  const ir::Graph graph = graph_of(std::string(kConv) +
                                   "  %a : float32[1,4,h,w] = Conv(%x, %w)\n  %t : float32[1,4,h,w] = Elu(%a)\n"
                                   "  %y : float32[1,4,h,w] = ConvTranspose(%t, %w)\n");
  const std::vector<Hazard> found = hazards_of(graph);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "float-layers");
  EXPECT_EQ(found[0].reason,
            "layers stay in float: the engine computes ConvTranspose in float (ONNX Runtime's form only)");
  EXPECT_EQ(found[1].name, "broken-chains");
  EXPECT_TRUE(found[1].reason.starts_with("1 Elu behind")) << found[1].reason;
}

TEST(Hazards, DepthwiseConvolutions) {
  EXPECT_EQ(told("  const %w : float32[4,1,1,1] = {1, 1, 1, 1}\n  %y : float32[1,4,h,w] = Conv(%x, %w) {group=4}\n"),
            "depthwise(int8): Conv");
}

// Of 4 channels one is 20 times as large, along the axis that counts output channels.
TEST(Hazards, SkewedWeights) {
  const std::string product = "  %m : float32[1,w,h,4] = Transpose(%x)\n  %y : float32[1,w,h,4] = MatMul(%m, %w)\n";
  EXPECT_EQ(told("  const %w : float32[4,4] = {1,20,1,1, 1,20,1,1, 1,20,1,1, 1,20,1,1}\n" + product),
            "float-layers(int8): MatMul; skewed-channels(int8): MatMul");
  EXPECT_EQ(told("  const %w : float32[4,4] = {1,1,1,1, 20,20,20,20, 1,1,1,1, 1,1,1,1}\n" + product),
            "float-layers(int8): MatMul");
  EXPECT_EQ(told("  const %w : float32[4,4,1,1] = {1,1,1,1, 20,20,20,20, 1,1,1,1, 1,1,1,1}\n"
                 "  %y : float32[1,4,h,w] = Conv(%x, %w)\n"),
            "skewed-channels(int8): Conv");
}

// One of 300 weights is far from the others.
TEST(Hazards, OutlierWeights) {
  ir::Graph graph = graph_of(std::string(kConv) + "  %y : float32[1,4,h,w] = Conv(%x, %w)\n");
  std::vector<float> weights(4 * 300, 1);
  weights[7] = 1000;
  graph.value(*graph.find_value("w")).constant = ir::Tensor::of_floats({4, 300, 1, 1}, weights);
  const std::vector<Hazard> found = hazards_of(graph);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "skewed-channels");
  EXPECT_EQ(found[1].name, "outlier-weights");
}

TEST(Hazards, NetworksInNarrowFormatsAreTold) {
  EXPECT_FALSE(is_narrow(graph_of("  %y : float32[1,4,h,w] = Exp(%x)\n")));
  EXPECT_TRUE(
      is_narrow(graph_of("  %n : float16[1,4,h,w] = Cast(%x) {to=10}\n  %e : float16[1,4,h,w] = Exp(%n)\n"
                         "  %y : float32[1,4,h,w] = Cast(%e) {to=1}\n")));
  EXPECT_TRUE(
      is_narrow(graph_of("  const %s : float32[] = {0.1}\n  %q : int8[1,4,h,w] = QuantizeLinear(%x, %s)\n"
                         "  %y : float32[1,4,h,w] = DequantizeLinear(%q, %s)\n")));
}

TEST(Hazards, WhatDoesNotDependOnThePictureIsNone) {
  EXPECT_EQ(told("  const %k : float32[1] = {2}\n  %e : float32[1] = Exp(%k)\n  %y : float32[1,4,h,w] = Mul(%x, %e)\n"),
            "");
}

}  // namespace
}  // namespace mantissa::plan
