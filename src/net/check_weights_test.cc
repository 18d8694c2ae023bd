#include "net/check_weights.h"

#include <gtest/gtest.h>

#include <limits>

namespace mantissa::net {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// x -> Conv -> Add
ir::Graph graph_with(float weight, float mask) {
  ir::Graph graph;
  const auto x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, ""}, {-1, ""}});
  const auto w = graph.add_constant("first.weight", ir::Tensor::of_floats({1, 1, 1, 2}, {0, weight}));
  const auto m = graph.add_constant("mask", ir::Tensor::of_floats({1}, {mask}));
  graph.outputs = {graph.add("Add", {graph.add("Conv", {x, w}), m})};
  return graph;
}

TEST(CheckWeights, NamesTheTensor) {
  EXPECT_TRUE(check_weights(graph_with(1, 1)).ok());
  EXPECT_TRUE(check_weights(graph_with(1, -kInfinity)).ok());
  EXPECT_EQ(check_weights(graph_with(1, kNan)).error().where.front(), "tensor mask");
  for (const float bad : {kNan, kInfinity}) {
    const Error error = check_weights(graph_with(bad, 0)).error();
    EXPECT_EQ(error.code, ErrorCode::bad_input);
    EXPECT_EQ(error.where.front(), "tensor first.weight");
    EXPECT_NE(error.what.find("element 1 of 2"), std::string::npos) << error.what;
  }
}

// A picture of three channels -> `op` with a weight of that shape, a bias and groups.
Result<void> check(const char* op, const std::vector<std::int64_t>& shape, std::int64_t bias, std::int64_t group = 1) {
  ir::Graph graph;
  const auto x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {4, ""}, {-1, ""}, {-1, ""}});
  const auto constant = [&](const char* name, const std::vector<std::int64_t>& sizes) {
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    return graph.add_constant(name, ir::Tensor::of_floats(sizes, std::vector<float>(count)));
  };
  graph.outputs = {graph.add(op, {x, constant("w", shape), constant("b", {bias})}, {{"group", group}})};
  return check_weights(graph);
}

TEST(CheckWeights, ConvolutionsFitTheirChannels) {
  EXPECT_TRUE(check("Conv", {6, 4, 3, 3}, 6).ok());
  EXPECT_TRUE(check("Conv", {6, 2, 3, 3}, 6, 2).ok());
  EXPECT_TRUE(check("ConvTranspose", {4, 3, 2, 2}, 6, 2).ok());
  for (const Result<void>& bad :
       {check("Conv", {6, 5, 3, 3}, 6), check("Conv", {6, 4, 3, 3}, 5), check("Conv", {6, 4, 3, 3}, 6, 2),
        check("Conv", {0, 4, 3, 3}, 0), check("Conv", {6, 4, 3, 3}, 6, 0), check("Conv", {5, 2, 3, 3}, 5, 2),
        check("ConvTranspose", {5, 3, 2, 2}, 3), check("ConvTranspose", {4, 3, 2, 2}, 3, 2)}) {
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().code, ErrorCode::bad_input);
  }
  EXPECT_NE(check("Conv", {6, 5, 3, 3}, 6).error().what.find("for 5 channels, and 4 reach it"), std::string::npos);
}

}  // namespace
}  // namespace mantissa::net
