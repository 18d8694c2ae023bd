#include "net/global_branch.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::net {
namespace {

ir::Graph graph_of(const std::string& body) {
  auto graph = ir::parse("graph {\n  input %x : float32[1,3,h,w]\n" + body + "\n}");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return std::move(graph).value();
}

// Weights whose values do not matter.
std::string weights(const std::string& name, int out, int in, int side) {
  std::string text = "  const %" + name + " : float32[" + std::to_string(out) + "," + std::to_string(in) + "," +
                     std::to_string(side) + "," + std::to_string(side) + "] = {0";
  for (int i = 1; i < out * in * side * side; ++i) text += ",0.5";
  return text + "}\n";
}

// Features of every pixel, eight wide, and gains for the three colours from the mean of a few of the picture's own.
const std::string kGains = weights("wide", 8, 3, 3) + weights("wider", 8, 8, 3) + weights("last", 3, 8, 3) +
                           weights("few", 2, 3, 2) + weights("three", 3, 2, 1) + R"(
  %a = Conv(%x, %wide) {pads = [1, 1, 1, 1]}
  %b = Conv(%a, %wider) {pads = [1, 1, 1, 1]}
  %c = Conv(%b, %last) {pads = [1, 1, 1, 1]}
  %d = Conv(%x, %few) {strides = [2, 2]}
  %m : float32[1,2,1,1] = GlobalAveragePool(%d)
  %g : float32[1,3,1,1] = Conv(%m, %three)
  %y : float32[1,3,h,w] = Mul(%c, %g)
  output %y)";

TEST(GlobalBranch, IsCutWhereItsNumbersMeetThePixels) {
  const auto split = split_global_branch(graph_of(kGains));
  ASSERT_TRUE(split);
  EXPECT_EQ(split->numbers, 3);
  EXPECT_EQ(split->geometry.radius, 3);
  EXPECT_GT(split->branch_share, 0);
  EXPECT_LT(split->branch_share, 0.1);
  EXPECT_GT(split->branch_bytes_per_pixel, 0);
  ASSERT_EQ(split->branch.inputs.size(), 1U);
  ASSERT_EQ(split->rest.inputs.size(), 2U);
  EXPECT_EQ(split->rest.value(split->rest.inputs[1]).shape, (ir::Shape{{1, ""}, {3, ""}}));
  for (const ir::NodeId node : split->rest.sorted()) EXPECT_NE(split->rest.node(node).op, "GlobalAveragePool");
}

TEST(GlobalBranch, SeveralValuesAreHandedOverTogether) {
  std::string body = kGains;
  body.replace(body.find("  output %y"), 11, R"(  %t : float32[1,2,1,1] = Tanh(%m)
  %s : float32[1,1,1,1] = ReduceSum(%t)
  %z : float32[1,3,h,w] = Add(%y, %s)
  output %z)");
  const auto split = split_global_branch(graph_of(body));
  ASSERT_TRUE(split);
  EXPECT_EQ(split->numbers, 4);
}

TEST(GlobalBranch, AFiniteReceptiveFieldNeedsNone) {
  EXPECT_FALSE(split_global_branch(graph_of(weights("w", 3, 3, 3) + R"(
  %y : float32[1,3,h,w] = Conv(%x, %w) {pads = [1, 1, 1, 1]}
  output %y)")));
}

// Channel attention: what the last block's mean is taken of is nearly the whole network.
TEST(GlobalBranch, MostOfTheNetworkIsNoBranch) {
  EXPECT_FALSE(split_global_branch(graph_of(weights("w", 8, 3, 3) + weights("v", 8, 8, 3) + weights("u", 3, 8, 3) + R"(
  %a = Conv(%x, %w) {pads = [1, 1, 1, 1]}
  %b = Conv(%a, %v) {pads = [1, 1, 1, 1]}
  %m : float32[1,8,1,1] = GlobalAveragePool(%b)
  %c = Mul(%b, %m)
  %y : float32[1,3,h,w] = Conv(%c, %u) {pads = [1, 1, 1, 1]}
  output %y)")));
}

// The rest would still not know where in the picture it is.
TEST(GlobalBranch, AttentionEnlargedToThePictureIsNoneEither) {
  EXPECT_FALSE(split_global_branch(graph_of(weights("w", 3, 3, 3) + R"(
  %s : int64[4] = Shape(%x)
  const %none : float32[0] = {}
  %a = Conv(%x, %w) {strides = [2, 2]}
  %b = Resize(%a, %none, %none, %s) {mode = "linear"}
  %m : float32[1,3,1,1] = GlobalAveragePool(%x)
  %c = Mul(%b, %m)
  %y : float32[1,3,h,w] = Add(%x, %c)
  output %y)")));
}

// A batch would need its numbers one for each picture.
TEST(GlobalBranch, SeveralPicturesAtOnceAreNotCut) {
  std::string body = kGains;
  auto graph = ir::parse("graph {\n  input %x : float32[2,3,h,w]\n" + body + "\n}");
  ASSERT_TRUE(graph.ok());
  EXPECT_FALSE(split_global_branch(*graph));
}

}  // namespace
}  // namespace mantissa::net
