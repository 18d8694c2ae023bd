#include "quant/fit_output.h"

#include <gtest/gtest.h>

#include <array>

#include "ir/text.h"
#include "ir/verify.h"

namespace mantissa::quant {
namespace {

constexpr std::string_view kNetwork = R"(graph {
  input %x : float32[1,1,h,w]
  const %w : float32[4,1,1,1] ~ int8(axis=0, scale=[0.01, 0.01, 0.02, 0.02], zero=[0, 0, 0, 0]) = {1, 1, 2, 2}
  const %b : float32[4] ~ int32(axis=0, scale=[0.1, 0.1, 0.2, 0.2], zero=[0, 0, 0, 0]) = {0, 1, 2, 3}
  %c : float32[1,4,h,w] = Conv(%x, %w, %b) @last
  %y : float32[1,1,2h,2w] = DepthToSpace(%c) {blocksize=2, mode="CRD"}
  output %y
})";

// One picture of two by two blocks; `values` of the four places in each block.
Batch picture(std::array<float, 4> values, float step) {
  Batch batch{{1, 1, 4, 4}, std::vector<float>(16)};
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 4; ++x) {
      const std::size_t block = y / 2 * 2 + x / 2;
      batch.values[y * 4 + x] = values[y % 2 * 2 + x % 2] + step * static_cast<float>(block);
    }
  return batch;
}

TEST(FitOutput, FindsTheLastLayerBehindMovesAndSums) {
  const auto find = [](std::string_view text) { return last_layer(ir::parse(text).value()); };
  const auto layer = find(kNetwork);
  ASSERT_TRUE(layer);
  EXPECT_EQ(layer->block, 2);
  EXPECT_FALSE(layer->colours_last);
  EXPECT_TRUE(layer->alone);
  const auto added = find(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %c : float32[1,1,h,w] = Conv(%x, %w)
    %y : float32[1,1,h,w] = Add(%x, %c)
    output %y
  })");
  ASSERT_TRUE(added);
  EXPECT_FALSE(added->alone);
  const auto transposed = find(R"(graph {
    input %x : float32[1,2,h,w]
    const %w : float32[2,1,2,2] = {1, 1, 1, 1, 1, 1, 1, 1}
    %y : float32[1,1,2h,2w] = ConvTranspose(%x, %w) {strides=[2, 2]}
    output %y
  })");
  ASSERT_TRUE(transposed);
  EXPECT_EQ(transposed->block, 1);
  EXPECT_FALSE(find(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %c : float32[1,1,h,w] = Conv(%x, %w)
    %y : float32[1,1,h,w] = Sigmoid(%c)
    output %y
  })"));
}

TEST(FitOutput, UndoesScaleAndShiftOfEachChannel) {
  const ir::Graph graph = ir::parse(kNetwork).value();
  const LastLayer layer = *last_layer(graph);
  Batch variant = picture({0, 10, 20, 30}, 100);
  Batch fp32 = variant;
  for (std::size_t y = 0; y < 4; ++y)  // the last place of each block is a little too dark and too flat
    for (std::size_t x = 0; x < 4; ++x)
      if (y % 2 == 1 && x % 2 == 1) fp32.values[y * 4 + x] = 1.05F * fp32.values[y * 4 + x] + 3;
  OutputFitter fitter(layer, 1, 255);
  fitter.add(fp32, variant);
  const OutputFit fit = fitter.fit();
  EXPECT_NEAR(fit.scale[0], 1, 1e-9);
  EXPECT_NEAR(fit.shift[0], 0, 1e-6);
  EXPECT_NEAR(fit.scale[3], 1.05, 1e-3);
  EXPECT_NEAR(fit.shift[3], 3, 0.5);
  apply(fit, layer, variant);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_NEAR(variant.values[i], fp32.values[i], 0.3F);
}

TEST(FitOutput, FlatPicturesCountWhatTheirWeightSays) {
  const ir::Graph graph = ir::parse(kNetwork).value();
  const LastLayer layer = *last_layer(graph);
  const Batch tile = picture({0, 0, 0, 0}, 0);
  Batch flat_fp32 = tile;
  for (float& value : flat_fp32.values) value = 1;
  OutputFitter tiles(layer, 1, 1), flat(layer, 1, 1);
  tiles.add(tile, tile);
  flat.add(flat_fp32, tile);
  tiles.add(flat, 0.5);
  EXPECT_NEAR(tiles.fit().shift[2], 1.0 / 3, 1e-9);
}

TEST(FitOutput, TheGraphGivesWhatTheFitSays) {
  ir::Graph graph = ir::parse(kNetwork).value();
  const LastLayer layer = *last_layer(graph);
  const OutputFit fit{{1, 1.05, 1, 0.95}, {0, 0, 7, 1}};
  ASSERT_TRUE(apply(fit, layer, graph).ok());
  EXPECT_TRUE(ir::verify(graph).ok());
  const ir::Node& node = graph.node(layer.convolution);
  const ir::Value& weight = graph.value(node.inputs[1]);
  EXPECT_EQ(weight.constant->floats().value(), (std::vector<float>{1, 1.05F, 2, 1.9F}));
  EXPECT_FLOAT_EQ(weight.quantization->scales[3], 0.019F);  // the stored integers stay what they were
  const ir::Value& bias = graph.value(node.inputs[2]);
  EXPECT_EQ(bias.constant->floats().value(), (std::vector<float>{0, 1.05F, 9, 0.95F * 3 + 1}));
  EXPECT_FLOAT_EQ(bias.quantization->scales[3], 0.19F);
}

// Its weights lie by input channel first.
TEST(FitOutput, ATransposedConvolutionIsSetByOutputChannel) {
  ir::Graph graph = ir::parse(R"(graph {
    input %x : float32[1,2,h,w]
    const %w : float32[2,3,1,1] ~ int8(axis=1, scale=[1, 1, 1], zero=[0, 0, 0]) = {1, 2, 3, 4, 5, 6}
    %y : float32[1,3,h,w] = ConvTranspose(%x, %w)
    output %y
  })")
                        .value();
  const LastLayer layer = *last_layer(graph);
  ASSERT_TRUE(apply({{1, 2, 3}, {0, 0, 7}}, layer, graph).ok());
  EXPECT_TRUE(ir::verify(graph).ok());
  const ir::Node& node = graph.node(layer.convolution);
  EXPECT_EQ(graph.value(node.inputs[1]).constant->floats().value(), (std::vector<float>{1, 4, 9, 4, 10, 18}));
  EXPECT_EQ(graph.value(node.inputs[1]).quantization->scales, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(graph.value(node.inputs[2]).constant->floats().value(), (std::vector<float>{0, 0, 7}));
}

TEST(FitOutput, BehindTheLastLayerItIsComputed) {
  ir::Graph graph = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[2,1,1,1] = {1, 2}
    %y : float32[1,2,h,w] = Conv(%x, %w) in bfloat16
    output %y
  })")
                        .value();
  apply_behind({{1, 1.5}, {0, 0.25}}, *last_layer(graph), graph);
  EXPECT_TRUE(ir::verify(graph).ok());
  EXPECT_EQ(ir::print(graph), ir::print(ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[2,1,1,1] = {1, 2}
    const %y_fit_scale : float32[1,2,1,1] = {1, 1.5}
    const %y_fit_shift : float32[1,2,1,1] = {0, 0.25}
    %y_unfitted : float32[1,2,h,w] = Conv(%x, %w) in bfloat16
    %y_scaled : float32[1,2,h,w] = Mul(%y_unfitted, %y_fit_scale) @y_scaled
    %y : float32[1,2,h,w] = Add(%y_scaled, %y_fit_shift) @y
    output %y
  })")
                                            .value()));
}

// Something is added to what it gives, which a scale would not suit.
TEST(FitOutput, BehindASummandOnlyTheShiftIsComputed) {
  ir::Graph graph = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %w : float32[1,1,1,1] = {1}
    %c : float32[1,1,h,w] = Conv(%x, %w)
    %y : float32[1,1,h,w] = Add(%x, %c)
    output %y
  })")
                        .value();
  apply_behind({{1}, {0.25}}, *last_layer(graph), graph);
  const ir::Node& sum = graph.node(graph.value(graph.outputs[0]).producer);
  EXPECT_EQ(graph.value(sum.inputs[1]).name, "c_fitted");
  const ir::Node& fitted = graph.node(graph.value(sum.inputs[1]).producer);
  EXPECT_EQ(fitted.op, "Add");
  EXPECT_EQ(graph.value(fitted.inputs[0]).name, "c");
}

}  // namespace
}  // namespace mantissa::quant
