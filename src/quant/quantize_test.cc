#include "quant/quantize.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;
using pass::QdqStyle;

constexpr std::string_view kNetwork = R"(graph {
  input %x : float32[1,1,h,w]
  const %w : float32[4,1,1,1] = {0.5, -1, 0.25, 2}
  const %b : float32[4] = {0.125, 0, 0, 1}
  const %v : float32[4,4,1,1] = {1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1}
  %a : float32[1,4,h,w] = Conv(%x, %w, %b)
  %r : float32[1,4,h,w] = Relu(%a)
  %c : float32[1,4,h,w] = Conv(%r, %v, %b)
  %y : float32[1,1,"h*2","w*2"] = DepthToSpace(%c) {blocksize=2}
  output %y
})";

class Quantize : public testing::Test {
 protected:
  Quantize() {
    for (const char* name : {"a", "r", "c", "y"}) observe(name, -1, 3, 4);
    observe("r", 0, 3, 4);
    observe("x", 0.1F, 0.9F, 1);
  }
  void observe(const std::string& name, float low, float high, std::int64_t channels) {
    std::vector<float> elements;
    for (std::int64_t c = 0; c < channels; ++c)
      for (int i = 0; i <= 100; ++i) elements.push_back(low + (high - low) * static_cast<float>(i) / 100);
    statistics_.values[name] = {};
    statistics_.values[name].add(std::vector<std::int64_t>{1, channels, 1, 101}, elements);
  }
  Result<ir::Graph> quantized(QdqStyle style = QdqStyle::closed, const QuantizeOptions& options = {}) {
    graph_ = ir::parse(kNetwork).value();
    QuantizeOptions chosen = options;
    chosen.style = style;
    return quantize(graph_, plan::plan_eight_bits(graph_, style), statistics_, chosen);
  }
  // The annotation of a value or, by "node:input", of what a convolution reads.
  static std::optional<ir::Quantization> annotation(const ir::Graph& graph, const std::string& output, int input = -1) {
    const ir::ValueId id = *graph.find_value(output);
    if (input < 0) return graph.value(id).quantization;
    return graph.value(graph.node(graph.value(id).producer).inputs[static_cast<std::size_t>(input)]).quantization;
  }

  Statistics statistics_;
  ir::Graph graph_;
};

TEST_F(Quantize, APictureInputHasOneStepForEachOfIts256Levels) {
  const auto x = annotation(quantized().value(), "x");
  EXPECT_FLOAT_EQ(x->scales[0], 1.0F / 255);
  EXPECT_EQ(x->zero_points[0], 0);
  const auto wide = annotation(quantized(QdqStyle::closed, {.picture_range = {0, 255}}).value(), "x");
  EXPECT_FLOAT_EQ(wide->scales[0], 1);
}

TEST_F(Quantize, AnInputBeyondBlackAndWhiteIsNotClipped) {
  observe("x", -0.5F, 1.5F, 1);
  const auto x = annotation(quantized().value(), "x");
  EXPECT_NEAR(x->scales[0], 2.0F / 255, 1e-3);
  EXPECT_NEAR(x->zero_points[0], 64, 1);
}

TEST_F(Quantize, MovedDataKeepsItsAnnotation) {
  observe("y", -100, 100, 1);  // never looked at
  const ir::Graph graph = quantized().value();
  EXPECT_EQ(annotation(graph, "y"), annotation(graph, "c"));
}

TEST_F(Quantize, APictureNeedsNoStepsBeyondBlackAndWhite) {
  observe("c", -0.1F, 1.1F, 4);
  const auto picture = annotation(quantized().value(), "c");
  EXPECT_FLOAT_EQ(picture->scales[0], 1.0F / 255);
  EXPECT_EQ(picture->zero_points[0], 0);
  observe("c", -5, 5, 4);  // is none, whatever was said of black and white
  EXPECT_NEAR(annotation(quantized().value(), "c")->scales[0], 10.0F / 255, 1e-3);
}

TEST_F(Quantize, WhatTheReluAbsorbsHasNoAnnotation) {
  const ir::Graph graph = quantized().value();
  EXPECT_FALSE(annotation(graph, "a").has_value());
  EXPECT_EQ(annotation(graph, "r")->zero_points[0], 0);
}

TEST_F(Quantize, WeightsHaveAScaleForEachOutput) {
  const auto weights = annotation(quantized().value(), "a", 1);
  EXPECT_EQ(weights->format, NumberFormat::int8);
  EXPECT_EQ(weights->scales.size(), 4U);
  EXPECT_EQ(weights->axis, 0);
}

TEST_F(Quantize, ABiasIsHeldInStepsOfTheSums) {
  const ir::Graph graph = quantized().value();
  const auto bias = annotation(graph, "a", 2), weights = annotation(graph, "a", 1), input = annotation(graph, "x");
  EXPECT_EQ(bias->format, NumberFormat::int32);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_FLOAT_EQ(bias->scales[c], input->scales[0] * weights->scales[c]);
}

TEST_F(Quantize, ASharedBiasIsNotSharedAnyMore) {
  const ir::Graph graph = quantized().value();
  EXPECT_NE(graph.node(graph.value(*graph.find_value("a")).producer).inputs[2],
            graph.node(graph.value(*graph.find_value("c")).producer).inputs[2]);
}

TEST_F(Quantize, WithInputsOnlyResultsAndBiasesStayFloat) {
  const ir::Graph graph = quantized(QdqStyle::inputs_only).value();
  EXPECT_TRUE(annotation(graph, "x") && annotation(graph, "r") && annotation(graph, "a", 1));
  EXPECT_FALSE(annotation(graph, "c") || annotation(graph, "y") || annotation(graph, "a", 2));
}

TEST_F(Quantize, WithoutZeroPointsWhatLiesBelowZeroIsSigned) {
  const std::string_view text = R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %a : float32[1,1,h,w] = Conv(%x, %w)
    %c : float32[1,1,h,w] = Conv(%a, %w)
    output %c
  })";
  statistics_.values.clear();
  observe("x", 0, 1, 1);
  observe("a", -1, 3, 1);
  const ir::Graph graph = ir::parse(text).value();
  const auto read = quantize(graph, plan::plan_eight_bits(graph, QdqStyle::inputs_only), statistics_,
                             {.style = QdqStyle::inputs_only, .zero_points = false});
  const auto x = annotation(read.value(), "x"), a = annotation(read.value(), "a");
  EXPECT_EQ(x->format, NumberFormat::uint8);
  EXPECT_EQ(a->format, NumberFormat::int8);
  EXPECT_EQ(x->zero_points[0], 0);
  EXPECT_EQ(a->zero_points[0], 0);
  EXPECT_NEAR(a->scales[0], 3.0 / 127, 0.1 * 3 / 127);
}

TEST_F(Quantize, WeightsAlone) {
  const ir::Graph graph = quantized(QdqStyle::inputs_only, {.activations = NumberFormat::float32}).value();
  for (const char* name : {"x", "a", "r", "c", "y"}) EXPECT_FALSE(annotation(graph, name)) << name;
  EXPECT_TRUE(annotation(graph, "a", 1) && annotation(graph, "c", 1));
}

TEST_F(Quantize, FewerLevelsForEnginesThatAddIn16Bits) {
  const ir::Graph graph = quantized(QdqStyle::closed, {.weights = {base::NumberFormat::int8, 63}}).value();
  const ir::Graph fine = quantized().value();
  for (std::size_t c = 0; c < 4; ++c)
    EXPECT_GT(annotation(graph, "a", 1)->scales[c], annotation(fine, "a", 1)->scales[c]);
}

TEST_F(Quantize, LeavesTheGivenGraphAlone) {
  ASSERT_TRUE(quantized().ok());
  EXPECT_EQ(ir::print(graph_), ir::print(ir::parse(kNetwork).value()));
}

TEST_F(Quantize, NamesAValueThatWasNotObserved) {
  statistics_.values.erase("r");
  const auto result = quantized();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::internal);
  EXPECT_NE(result.error().what.find("value r"), std::string::npos);
}

}  // namespace
}  // namespace mantissa::quant
