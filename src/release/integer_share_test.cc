#include "release/integer_share.h"

#include <gtest/gtest.h>

namespace mantissa::release {
namespace {

// Two convolutions, the second with three times the work of the first.
ir::Graph two_convolutions() {
  ir::Graph graph;
  const ir::ValueId input =
      graph.add_input("input", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, "height"}, {-1, "width"}});
  const ir::ValueId first = graph.add_constant("w1", ir::Tensor::of_floats({1, 1, 1, 1}, {1}));
  const ir::ValueId second = graph.add_constant("w2", ir::Tensor::of_floats({3, 1, 1, 1}, {1, 1, 1}));
  const ir::ValueId middle = graph.add("Conv", {input, first}, {}, "body.1");
  graph.outputs = {graph.add("Conv", {middle, second}, {}, "body.10")};
  return graph;
}

TEST(IntegerShare, WeighsNodesByTheirWork) {
  const ir::Graph graph = two_convolutions();
  EXPECT_EQ(integer_share(graph, {{{"body.1_nchwc", "Conv", "f32"}, {"body.10_token_3", "QLinearConv", "u8"}}}), 0.75);
  EXPECT_EQ(integer_share(graph, {{{"body.1/WithoutBiases", "Convolution", "u8"}, {"body.10", "Convolution", "f32"}}}),
            0.25);
}

TEST(IntegerShare, CountsOnlyProducts) {
  EXPECT_EQ(integer_share(two_convolutions(),
                          {{{"body.10_quantize", "QuantizeLinear", "u8"}, {"body.1x", "QLinearConv", "u8"}}}),
            0);
}

}  // namespace
}  // namespace mantissa::release
