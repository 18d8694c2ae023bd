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

}  // namespace
}  // namespace mantissa::net
