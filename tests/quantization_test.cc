// From a network to its forms of eight bits and back into the engines: what comes out stays near fp32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

#include "base/cpu.h"
#include "base/numbers.h"
#include "pass/lower_to_qdq.h"
#include "pass/product_by_channel.h"
#include "plan/plan.h"
#include "quant/equalize_layers.h"
#include "quant/quantize.h"
#include "quant/reconstruct.h"
#include "quant/scale_channels.h"
#include "quantization_shared.h"
#include "release/integer_share.h"
#include "target/target.h"

namespace mantissa::test {
namespace {

using pass::QdqStyle;

constexpr std::string_view kOpenVino = "openvino-cpu";

int pair_limit() {
  const auto target = target::target_of(base::cpu());
  return target.ok() ? (*target)->formats.at("int8").pair_limit : 32767;
}

// Changes a network and its statistics, and returns in how many places.
using Rescale = std::function<Result<int>(ir::Graph&, quant::Statistics&)>;

struct Quantized : testing::TestWithParam<QdqStyle> {
  ir::Graph lowered(const ir::Graph& graph, const quant::Statistics& statistics) const {
    const plan::Plan plan = plan::plan_eight_bits(graph, GetParam());
    quant::QuantizeOptions options{.style = GetParam()};
    options.pair_limit = pair_limit();
    auto quantized = quant::quantize(graph, plan, statistics, options);
    EXPECT_TRUE(quantized.ok()) << quantized.error().message();
    const auto done = pass::lower_to_qdq(*quantized, GetParam());
    EXPECT_TRUE(done.ok()) << done.error().message();
    return *std::move(quantized);
  }
  void changes_no_output_and_helps(const ir::Graph& graph, int places, const Rescale& rescale) const;
};
INSTANTIATE_TEST_SUITE_P(Styles, Quantized, testing::Values(QdqStyle::closed, QdqStyle::inputs_only),
                         [](const auto& style) { return style.param == QdqStyle::closed ? "closed" : "inputs_only"; });

TEST_P(Quantized, StaysNearFp32InEveryEngine) {
  for (const int stride : {1, 2}) {
    const ir::Graph graph = small_graph(stride);
    const ir::Graph quantized = lowered(graph, observed(graph, some_pictures(6, 0, 3)));
    const std::vector<Batch> others = some_pictures(3, 10, 3);
    const auto reference = outputs(graph, others, kOnnxRuntime);
    for (const std::string_view provider : {kOnnxRuntime, kOpenVino}) {
      const double quality = decibels(reference, outputs(quantized, others, provider));
      EXPECT_GT(quality, 33) << provider << ", stride " << stride;
      EXPECT_LT(quality, 60) << "nothing was quantized: " << provider;
    }
  }
}

// OpenVINO computes it in integers; the share says so.
TEST(QuantizedTransposed, StaysNearFp32InOpenVino) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {3, ""}, {-1, "h"}, {-1, "w"}});
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.2F);
  const auto weights = [&](std::vector<std::int64_t> shape) {
    std::vector<float> values(
        static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
    for (float& value : values) value = normal(random);
    return graph.add_constant("w", ir::Tensor::of_floats(std::move(shape), std::move(values)));
  };
  using Integers = std::vector<std::int64_t>;
  const ir::ValueId features =
      graph.add("Relu", {graph.add("Conv", {x, weights({16, 3, 3, 3})}, {{"pads", Integers{1, 1, 1, 1}}}, "features")});
  graph.outputs = {graph.add("ConvTranspose", {features, weights({16, 3, 4, 4})},
                             {{"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}}, "enlarge")};
  graph.value(graph.outputs[0]).format = base::NumberFormat::float32;
  graph.value(graph.outputs[0]).shape = ir::Shape{{1, ""}, {3, ""}, {-1, "enlarged_h"}, {-1, "enlarged_w"}};
  graph = inferred(graph);
  const plan::Plan plan = plan::plan_eight_bits(graph, QdqStyle::inputs_only);
  quant::QuantizeOptions options{.style = QdqStyle::inputs_only};
  options.pair_limit = pair_limit();
  auto quantized = quant::quantize(graph, plan, observed(graph, some_pictures(6, 0, 3)), options);
  ASSERT_TRUE(quantized.ok()) << quantized.error().message();
  ASSERT_TRUE(pass::lower_to_qdq(*quantized, QdqStyle::inputs_only).ok());
  const std::vector<Batch> others = some_pictures(3, 10, 3);
  const double quality = decibels(outputs(graph, others, kOnnxRuntime), outputs(*quantized, others, kOpenVino));
  EXPECT_GT(quality, 33);
  EXPECT_LT(quality, 60) << "nothing was quantized";
  const auto session = release::open_graph(*quantized, kOpenVino);
  ASSERT_TRUE(session.ok()) << session.error().message();
  const auto placement = (*session)->placement();
  ASSERT_TRUE(placement.ok()) << placement.error().message();
  EXPECT_EQ(release::integer_share(graph, *placement), 1);
}

// Where a kernel adds two products in 16 bits, sums that do not fit saturate there and nowhere else: the engine and the
// file as written would differ.
TEST_P(Quantized, TheLargestSumsOfPairsFit) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, run::picture_shape(8));
  graph.outputs = {run::add_conv(graph, x, 8, 6, "only")};
  graph.value(graph.outputs[0]).format = base::NumberFormat::float32;
  graph.value(graph.outputs[0]).shape = run::picture_shape(6);
  graph = inferred(graph);
  const std::vector<float> weights = graph.constant_input(graph.sorted()[0], 1)->floats().value();
  // For each output channel the inputs that its weights add up most, all of one sign.
  std::vector<Batch> worst;
  for (std::size_t output = 0; output < 6; ++output)
    for (const float sign : {1.0F, -1.0F}) {
      Batch batch{{1, 8, 24, 24}, {}};
      for (std::size_t c = 0; c < 8; ++c)
        for (std::size_t i = 0; i < std::size_t{24} * 24; ++i)
          batch.values.push_back(sign * weights[(output * 8 + c) * 9 + i % 3] > 0 ? 1.0F : 0.0F);
      worst.push_back(std::move(batch));
    }
  quant::QuantizeOptions options{.style = GetParam()};
  options.pair_limit = pair_limit();
  auto quantized = quant::quantize(graph, plan::plan_eight_bits(graph, GetParam()), observed(graph, worst), options);
  ASSERT_TRUE(quantized.ok()) << quantized.error().message();
  ASSERT_TRUE(pass::lower_to_qdq(*quantized, GetParam()).ok());
  const auto as_written = outputs(*quantized, worst, kOnnxRuntime, false);
  for (const std::string_view provider : {kOnnxRuntime, kOpenVino})
    EXPECT_GT(decibels(as_written, outputs(*quantized, worst, provider)), 45) << provider;
}

// Layers of a written file whose weights are stored in the format with a scale for each output channel; what they are
// multiplied with must be stored in it too.
int weights_with_scales_by_channel(const ir::Graph& graph, base::NumberFormat format) {
  static_assert(ir::kOpset >= 19, "float8 came with opset 19");
  int layers = 0;
  for (const ir::NodeId id : graph.sorted()) {
    if (graph.node(id).op != "Conv") continue;
    const auto stored = [&](std::size_t input) {
      const ir::NodeId from = graph.value(graph.node(id).inputs[input]).producer;
      return from != ir::kNoNode && graph.node(from).op == "DequantizeLinear" ? std::optional(graph.node(from))
                                                                              : std::nullopt;
    };
    const auto picture = stored(0), weights = stored(1);
    if (!weights) continue;
    const ir::Value& held = graph.value(weights->inputs[0]);
    EXPECT_EQ(held.format, format);
    EXPECT_TRUE(picture && graph.value(picture->inputs[0]).format == format) << graph.describe(id);
    const ir::Value& scales = graph.value(weights->inputs[1]);
    EXPECT_EQ(scales.constant->count(), held.constant->shape[0]) << graph.describe(id);
    ++layers;
  }
  return layers;
}

// As written: ONNX Runtime 1.31 takes float8 for integers when it optimizes, and then finds its own graph invalid.
TEST(Float8, StaysNearFp32) {
  const ir::Graph graph = small_graph();
  const quant::Statistics statistics = observed(graph, some_pictures(6, 0, 3));
  const std::vector<Batch> others = some_pictures(3, 10, 3);
  const auto reference = outputs(graph, others, kOnnxRuntime);
  for (const base::NumberFormat format : {base::NumberFormat::float8_e4m3fn, base::NumberFormat::float8_e5m2}) {
    const quant::QuantizeOptions options{QdqStyle::inputs_only, format, {format, base::largest_of(format)}};
    auto quantized =
        quant::quantize(graph, plan::plan_eight_bits(graph, QdqStyle::inputs_only, format), statistics, options);
    ASSERT_TRUE(quantized.ok()) << quantized.error().message();
    ASSERT_TRUE(pass::lower_to_qdq(*quantized, QdqStyle::inputs_only).ok());
    EXPECT_EQ(weights_with_scales_by_channel(inferred(*quantized), format), 4) << base::name_of(format);
    const double quality = decibels(reference, outputs(*quantized, others, kOnnxRuntime, false));
    EXPECT_GT(quality, format == base::NumberFormat::float8_e4m3fn ? 24 : 18);
    EXPECT_LT(quality, 50) << "nothing was quantized";
  }
}

// A residual network whose weights have few levels: what a layer loses, those behind it can make up for in part.
TEST_P(Quantized, ReconstructedLayersMakeUpForThoseBeforeThem) {
  ir::Graph graph;
  ir::ValueId x = graph.add_input("picture", base::NumberFormat::float32, run::picture_shape(6));
  for (const char* name : {"first", "second", "third"})
    x = graph.add("Add", {x, run::add_conv(graph, graph.add("Relu", {run::add_conv(graph, x, 6, 8, name)}), 8, 6,
                                           std::string(name) + "_back")});
  graph.outputs = {x};
  graph.value(x).format = base::NumberFormat::float32;
  graph.value(x).shape = run::picture_shape(6);
  graph = inferred(graph);

  const std::vector<Batch> inputs = some_pictures(12, 0, 6), others = some_pictures(4, 20, 6);
  const quant::Statistics statistics = observed(graph, inputs);
  const plan::Plan plan = plan::plan_eight_bits(graph, GetParam());
  quant::QuantizeOptions options{.style = GetParam(), .weights = {.largest = 7}};
  const auto quantized = [&](const quant::Reconstructions& found) {
    options.reconstructions = &found;
    return quant::quantize(graph, plan, statistics, options);
  };
  std::vector<ir::NodeId> layers;
  for (const ir::NodeId node : graph.sorted())
    if (graph.node(node).op == "Conv") layers.push_back(node);
  const auto twins = [&](const quant::Reconstructions& found) -> Result<quant::Twins> {
    ir::Graph exact = graph;
    plan::apply(plan, exact);
    MANTISSA_ASSIGN(ir::Graph rounded, quantized(found));
    return quant::Twins{std::move(exact), std::move(rounded), GetParam()};
  };
  const auto as_written = release::execute_on(kOnnxRuntime, {.optimize = false, .tap = {}});
  const auto found = quant::reconstruct(layers, twins, inputs, as_written, {});
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_FALSE(found->empty());
  const auto reference = outputs(graph, others, kOnnxRuntime);
  const auto quality = [&](const quant::Reconstructions& used) {
    ir::Graph form = quantized(used).value();
    EXPECT_TRUE(pass::lower_to_qdq(form, GetParam()).ok());
    return decibels(reference, outputs(form, others, kOnnxRuntime, false));
  };
  EXPECT_GT(quality(*found), quality({}) + 1);
}

// Of what the first convolution gives, 8 channels, one is thirty times as wide as the others, which one 8-bit range
// then holds badly.
void widen_a_channel(ir::Graph& graph) {
  const auto factor = [](std::size_t i) { return i / 27 == 4 ? 30.0 : 1.0; };
  ASSERT_TRUE(pass::scale_constant(graph, graph.sorted().front(), 1, "_wide", factor).ok());
}

// What it does for the quantized form.
void Quantized::changes_no_output_and_helps(const ir::Graph& graph, int places, const Rescale& rescale) const {
  const std::vector<Batch> inputs = some_pictures(6, 0, 3), others = some_pictures(3, 10, 3);
  quant::Statistics statistics = observed(graph, inputs);
  const auto reference = outputs(graph, others, kOnnxRuntime);
  ir::Graph rescaled = graph;
  const auto found = rescale(rescaled, statistics);
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_GE(*found, places);
  EXPECT_GT(decibels(reference, outputs(rescaled, others, kOnnxRuntime)), 100) << "the same network in real numbers";

  const quant::Statistics again = observed(rescaled, inputs);
  for (const auto& [name, expected] : again.values) {
    const auto& scaled = statistics.values.at(name);
    for (std::size_t c = 0; c < expected.channels.size(); ++c) {
      EXPECT_NEAR(scaled.channels[c].maximum(), expected.channels[c].maximum(),
                  1e-4 + 1e-4 * std::abs(expected.channels[c].maximum()))
          << name;
      EXPECT_NEAR(scaled.channels[c].mean(), expected.channels[c].mean(),
                  1e-4 + 1e-4 * std::abs(expected.channels[c].mean()))
          << name;
    }
  }
  for (const auto& [node, expected] : again.moments)
    EXPECT_NEAR(statistics.moments.at(node).mean(5, 3), expected.mean(5, 3),
                1e-5 + 1e-3 * std::abs(expected.mean(5, 3)))
        << graph.describe(node);

  const std::string_view provider = GetParam() == QdqStyle::closed ? kOnnxRuntime : kOpenVino;
  const double before = decibels(reference, outputs(lowered(graph, observed(graph, inputs)), others, provider));
  const double after = decibels(reference, outputs(lowered(rescaled, statistics), others, provider));
  EXPECT_GT(after, before + 1) << "dB";
}

TEST_P(Quantized, AScaleForEachChannelChangesNoOutputAndHelps) {
  ir::Graph graph = small_graph();
  widen_a_channel(graph);
  changes_no_output_and_helps(graph, 3, [&](ir::Graph& each, quant::Statistics& statistics) {
    return quant::scale_channels(each, statistics, GetParam());
  });
}

TEST_P(Quantized, EqualizedLayersChangeNoOutputAndHelp) {
  for (const std::string op : {"Relu", "LeakyRelu", "PRelu"}) {
    SCOPED_TRACE(op);
    ir::Graph graph;
    const ir::ValueId picture = graph.add_input("picture", base::NumberFormat::float32, run::picture_shape(3));
    std::vector<ir::ValueId> read{run::add_conv(graph, picture, 3, 8, "first")};
    if (op == "PRelu")
      read.push_back(
          graph.add_constant("slopes", ir::Tensor::of_floats({8, 1, 1}, {0.1F, 0.2F, 0.3F, -0.1F, 0, 0.5F, 1, 0.25F})));
    graph.outputs = {run::add_conv(graph, graph.add(op, read), 8, 3, "second")};
    graph.value(graph.outputs[0]).format = base::NumberFormat::float32;
    graph.value(graph.outputs[0]).shape = run::picture_shape(3);
    widen_a_channel(graph);  // but weighs no more than the others
    const auto factor = [](std::size_t i) { return i / 9 % 8 == 4 ? 1 / 30.0 : 1.0; };
    ASSERT_TRUE(pass::scale_constant(graph, graph.sorted().back(), 1, "_narrow", factor).ok());
    changes_no_output_and_helps(inferred(graph), 1, quant::equalize_layers);
  }
}

}  // namespace
}  // namespace mantissa::test
