#include "quant/scale_channels.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verify.h"

namespace mantissa::quant {
namespace {

using pass::QdqStyle;

// Channel 1 of what the convolutions read is fifty times narrower than channel 0.
constexpr std::string_view kNetwork = R"(graph {
  input %x : float32[1,1,h,w]
  const %w : float32[2,1,1,1] = {1, 0.02}
  const %b : float32[2] = {0.5, 0.01}
  const %v : float32[2,2,1,1] = {0.5, 20, -0.25, 10}
  %a : float32[1,2,h,w] = Conv(%x, %w, %b) @first
  %s : float32[1,2,h,w] = Sin(%a)
  %c : float32[1,2,h,w] = Conv(%a, %v) @second
  %y : float32[1,2,h,w] = Add(%c, %s)
  output %y
})";

class ScaleChannels : public testing::Test {
 protected:
  ScaleChannels() : graph_(ir::parse(kNetwork).value()) {
    std::vector<float> elements;
    for (const float extent : {1.0F, 0.02F})
      for (int i = -100; i <= 100; ++i) elements.push_back(extent * static_cast<float>(i) / 100);
    for (const char* name : {"a", "s"}) statistics_.values[name].add(std::vector<std::int64_t>{1, 2, 1, 201}, elements);
  }
  ir::NodeId node(std::string_view name) const {
    for (const ir::NodeId id : graph_.sorted())
      if (graph_.node(id).name == name) return id;
    return ir::kNoNode;
  }
  std::vector<float> constant(std::string_view node_name, std::size_t input) const {
    return graph_.constant_input(node(node_name), input)->floats().value();
  }
  void plan(std::string_view node_name) { graph_.node(node(node_name)).format = base::NumberFormat::int8; }

  ir::Graph graph_;
  Statistics statistics_;
};

TEST_F(ScaleChannels, ANarrowChannelGetsMoreOfTheRange) {
  ASSERT_EQ(scale_channels(graph_, statistics_, QdqStyle::inputs_only).value(), 1);
  const std::vector<float> factors = constant("a_scaled", 1);
  EXPECT_FLOAT_EQ(factors[0], 1);
  EXPECT_GT(factors[1], 4);   // of eight bits, it had three
  EXPECT_LT(factors[1], 50);  // but is not trusted to stay where it was observed
  const std::vector<float> weights = constant("second", 1);
  EXPECT_FLOAT_EQ(weights[1], 20 / factors[1]);
  EXPECT_FLOAT_EQ(weights[2], -0.25F);
  EXPECT_NEAR(statistics_.values.at("a_scaled").channels[1].maximum(), 0.02 * static_cast<double>(factors[1]), 1e-6);
  EXPECT_TRUE(ir::verify(graph_).ok());
}

TEST_F(ScaleChannels, WithoutZeroPointsTheLargerSideCounts) {
  std::vector<float> elements;  // one channel from -2 to 0, and one from 0 to 1
  for (const auto& [low, high] : {std::pair(-2.0F, 0.0F), std::pair(0.0F, 1.0F)})
    for (int i = 0; i <= 200; ++i) elements.push_back(low + (high - low) * static_cast<float>(i) / 200);
  for (const char* name : {"a", "s"}) {
    statistics_.values[name] = {};
    statistics_.values[name].add(std::vector<std::int64_t>{1, 2, 1, 201}, elements);
  }
  ASSERT_EQ(scale_channels(graph_, statistics_, QdqStyle::inputs_only, false).value(), 1);
  const std::vector<float> factors = constant("a_scaled", 1);
  EXPECT_FLOAT_EQ(factors[0], 1);
  EXPECT_GT(factors[1], 1.1F) << "there is room up to 2";
  EXPECT_LE(factors[1], 2.0F);
}

TEST_F(ScaleChannels, OthersReadTheValueAsItWas) {
  ASSERT_TRUE(scale_channels(graph_, statistics_, QdqStyle::inputs_only).ok());
  EXPECT_EQ(graph_.value(graph_.node(graph_.value(*graph_.find_value("s")).producer).inputs[0]).name, "a");
}

TEST_F(ScaleChannels, BehindAnIntegerConvolutionTheFactorsGoIntoItsWeights) {
  ASSERT_EQ(scale_channels(graph_, statistics_, QdqStyle::closed).value(), 1);
  const float factor = constant("a_scaled", 1)[1];
  plan("first");
  plan("second");
  ASSERT_TRUE(settle_channel_scales(graph_, statistics_, QdqStyle::closed).ok());
  EXPECT_FLOAT_EQ(constant("first", 1)[1], 0.02F * factor);
  EXPECT_FLOAT_EQ(constant("first", 2)[1], 0.01F * factor);
  EXPECT_EQ(graph_.value(graph_.node(node("second")).inputs[0]).name, "a_scaled");
  EXPECT_EQ(graph_.value(graph_.node(node("second")).inputs[0]).producer, node("first"));
  EXPECT_NEAR(constant("a_unscaled", 1)[1], 1 / factor, 1e-6);  // for the others
  EXPECT_TRUE(ir::verify(graph_).ok());
}

TEST_F(ScaleChannels, NothingIsLeftAroundConvolutionsThatStayFloat) {
  for (const QdqStyle style : {QdqStyle::closed, QdqStyle::inputs_only}) {
    graph_ = ir::parse(kNetwork).value();
    Statistics statistics = statistics_;
    ASSERT_TRUE(scale_channels(graph_, statistics, style).ok());
    ASSERT_TRUE(settle_channel_scales(graph_, statistics, style).ok());
    for (const ir::NodeId id : graph_.sorted()) EXPECT_NE(graph_.node(id).op, "Mul");
    EXPECT_FLOAT_EQ(constant("second", 1)[1], 20);
  }
}

TEST_F(ScaleChannels, EvenChannelsAreLeftAlone) {
  for (auto& [name, value] : statistics_.values) value.channels[1] = value.channels[0];
  EXPECT_EQ(scale_channels(graph_, statistics_, QdqStyle::inputs_only).value(), 0);
  EXPECT_EQ(ir::print(graph_), ir::print(ir::parse(kNetwork).value()));
}

}  // namespace
}  // namespace mantissa::quant
