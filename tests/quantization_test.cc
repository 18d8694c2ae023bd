// From a network to its lowered forms and back into the engines: what comes out stays near fp32.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/cpu.h"
#include "base/numbers.h"
#include "format/onnx.h"
#include "ir/text.h"
#include "pass/emulate_rounding.h"
#include "pass/lower_to_half.h"
#include "pass/lower_to_qdq.h"
#include "plan/plan.h"
#include "quant/find_half_islands.h"
#include "quant/quantize.h"
#include "quant/reconstruct.h"
#include "quant/scale_channels.h"
#include "quant/statistics.h"
#include "release/engines.h"
#include "release/integer_share.h"
#include "run/test_networks.h"
#include "target/target.h"

namespace mantissa {
namespace {

using pass::QdqStyle;
using quant::Batch;

constexpr std::string_view kOnnxRuntime = "onnxruntime-cpu";
constexpr std::string_view kOpenVino = "openvino-cpu";

// As the pipeline has it: with formats and shapes inferred.
ir::Graph inferred(const ir::Graph& graph) {
  auto read = format::with_inferred_shapes(graph);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return *std::move(read);
}

// The small network of the engines' tests; its output is larger than its input, so its sizes have other names.
ir::Graph small_graph(int stride = 1) {
  ir::Graph graph = run::small_network(3, 2, stride).graph;
  graph.value(graph.outputs[0]).shape = ir::Shape{{1, ""}, {3, ""}, {-1, "restored_height"}, {-1, "restored_width"}};
  return inferred(graph);
}

std::vector<Batch> some_pictures(int count, int first, int channels) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) {
    image::Picture picture = run::random_picture(40 + 2 * (first + i), 32, channels);
    for (std::size_t s = 1; s < picture.samples.size(); ++s)
      picture.samples[s] = 0.2F * picture.samples[s] + 0.8F * picture.samples[s - 1];
    batches.push_back({{1, channels, picture.height, picture.width}, picture.samples});
  }
  return batches;
}

std::vector<std::vector<float>> outputs(const ir::Graph& graph, std::span<const Batch> inputs,
                                        std::string_view provider, bool optimize = true) {
  std::vector<std::vector<float>> all;
  const auto done = release::execute_on(provider, {.optimize = optimize, .tap = {}})(
      graph, inputs, {}, [&](std::size_t, Batch output) { all.push_back(std::move(output.values)); });
  EXPECT_TRUE(done.ok()) << done.error().message();
  return all;
}

// Signal to noise, in dB: the signal is what varies in the reference.
double decibels(const std::vector<std::vector<float>>& reference, const std::vector<std::vector<float>>& other) {
  double sum = 0, squares = 0, errors = 0, count = 0;
  EXPECT_EQ(reference.size(), other.size());
  for (std::size_t i = 0; i < std::min(reference.size(), other.size()); ++i)
    for (std::size_t k = 0; k < reference[i].size(); ++k) {
      sum += reference[i][k];
      squares += static_cast<double>(reference[i][k]) * reference[i][k];
      errors += std::pow(static_cast<double>(other[i][k]) - reference[i][k], 2);
      ++count;
    }
  return 10 * std::log10((squares - sum * sum / count) / errors);
}

quant::Statistics observed(const ir::Graph& graph, std::span<const Batch> inputs) {
  quant::StatisticsRequest request;
  request.values = graph.inputs;
  for (const ir::NodeId node : graph.sorted()) {
    for (const ir::ValueId value : graph.node(node).outputs)
      if (graph.value(value).format == base::NumberFormat::float32) request.values.push_back(value);
    request.convolutions.push_back(node);
  }
  auto statistics = quant::calibrate(graph, request, inputs, release::execute_on(kOnnxRuntime), 1);
  EXPECT_TRUE(statistics.ok()) << statistics.error().message();
  return *std::move(statistics);
}

int pair_limit() {
  const auto target = target::target_of(base::cpu());
  return target.ok() ? (*target)->formats.at("int8").pair_limit : 32767;
}

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

// Where a kernel adds two products in 16 bits, sums that do not fit saturate there and nowhere else: the engine and the
// file as written would differ.
// OpenVINO computes it in integers; the share says so.
TEST(QuantizedTransposed, StaysNearFp32InOpenVino) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {3, ""}, {-1, "h"}, {-1, "w"}});
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 0.2F);
  const auto weights = [&](std::vector<std::int64_t> shape) {
    ir::Tensor tensor = ir::Tensor::of_floats(shape, {});
    std::vector<float> values(static_cast<std::size_t>(tensor.count()));
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
        for (std::size_t i = 0; i < 24 * 24; ++i)
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

TEST_P(Quantized, AScaleForEachChannelChangesNoOutputAndHelps) {
  ir::Graph graph = small_graph();
  // Channels of very different extent, which one 8-bit range holds badly.
  const ir::NodeId first = graph.sorted().front();
  auto weights = graph.constant_input(first, 1)->floats().value();
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= i / 27 == 2 ? 30.0F : 1.0F;
  graph.value(graph.node(first).inputs[1]).constant = ir::Tensor::of_floats({8, 3, 3, 3}, weights);

  const std::vector<Batch> inputs = some_pictures(6, 0, 3), others = some_pictures(3, 10, 3);
  quant::Statistics statistics = observed(graph, inputs);
  const auto reference = outputs(graph, others, kOnnxRuntime);
  ir::Graph scaled_graph = graph;
  const auto values = quant::scale_channels(scaled_graph, statistics, GetParam());
  ASSERT_TRUE(values.ok()) << values.error().message();
  EXPECT_GT(*values, 2);
  EXPECT_GT(decibels(reference, outputs(scaled_graph, others, kOnnxRuntime)), 100)
      << "the same network in real numbers";

  const quant::Statistics again = observed(scaled_graph, inputs);
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
  const double after = decibels(reference, outputs(lowered(scaled_graph, statistics), others, provider));
  EXPECT_GT(after, before + 1) << "dB";
}

// In the middle values reach 600 * 600 * the picture, far above half's 65504.
ir::Graph overflowing() {
  auto graph = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %up : float32[1,1,1,1] = {600}
    const %down : float32[1,1,1,1] = {0.000002777}
    %a = Conv(%x, %up) @up
    %b = Conv(%a, %up) @up_again
    %c = Relu(%b) @relu
    %d = Conv(%c, %down) @down
    %e = Relu(%d) @last
    output %e
  })");
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  graph->value(graph->outputs[0]).format = base::NumberFormat::float32;
  graph->value(graph->outputs[0]).shape = run::picture_shape(1);
  return inferred(*graph);
}

// The half file of the plan, executed by emulation.
std::vector<std::vector<float>> in_half(ir::Graph graph, const plan::Plan& plan, std::span<const Batch> inputs) {
  plan::apply(plan, graph);
  EXPECT_TRUE(pass::lower_to_half(graph).ok());
  ir::Graph emulated = inferred(graph);
  EXPECT_TRUE(pass::emulate_rounding(emulated).ok());
  return outputs(emulated, inputs, kOnnxRuntime);
}

TEST(Half, IslandsKeepAnOverflowingNetworkNearFp32) {
  const ir::Graph graph = overflowing();
  const std::vector<Batch> inputs = some_pictures(2, 0, 1);
  plan::Plan plan = plan::plan_half(graph, base::NumberFormat::float16);
  ASSERT_TRUE(quant::find_half_islands(graph, plan, observed(graph, inputs)).ok());
  std::string island;
  for (const plan::Choice& choice : plan.choices)
    if (choice.format == base::NumberFormat::float32) island += graph.node(choice.node).name + " ";
  EXPECT_EQ(island, "up_again relu down ");
  const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), in_half(graph, plan, inputs));
  EXPECT_GT(quality, 50);
  EXPECT_LT(quality, 100) << "nothing was rounded";
}

TEST(Half, WithoutIslandsItOverflows) {
  const ir::Graph graph = overflowing();
  const std::vector<Batch> inputs = some_pictures(1, 0, 1);
  const auto spoiled = in_half(graph, plan::plan_half(graph, base::NumberFormat::float16), inputs);
  const auto broken = std::count_if(spoiled[0].begin(), spoiled[0].end(), [](float x) { return !std::isfinite(x); });
  EXPECT_GT(broken, static_cast<std::ptrdiff_t>(spoiled[0].size() / 2));
}

// A width in half would be rounded, and a mask states its type.
TEST(Half, ANetworkWithCastsAndSizesOfItsOwnRuns) {
  auto parsed = ir::parse(R"(graph {
    input %x : float32[1,1,h,w]
    const %zero : float32[] = {0}
    const %eps : float32[] = {1e-12}
    const %w : float32[1,1,1,1] = {0.5}
    %shape = Shape(%x)
    %floats = Cast(%shape) {to=1}
    %sizes = Cast(%floats) {to=7}
    %b = Reshape(%x, %sizes)
    %above = Greater(%b, %zero)
    %mask = Cast(%above) {to=1}
    %c = Mul(%b, %mask)
    %sum = ReduceL2(%c)
    %safe = Clip(%sum, %eps)
    %d = Div(%c, %safe)
    %e = Add(%d, %c)
    %y = Conv(%e, %w)
    output %y
  })");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  parsed->value(parsed->outputs[0]).format = base::NumberFormat::float32;
  parsed->value(parsed->outputs[0]).shape = run::picture_shape(1);
  const ir::Graph graph = inferred(*parsed);
  std::vector<Batch> inputs = some_pictures(2, 0, 1);
  for (const base::NumberFormat format : {base::NumberFormat::float16, base::NumberFormat::bfloat16}) {
    plan::Plan plan = plan::plan_half(graph, format);
    const quant::Statistics statistics = observed(graph, inputs);
    ASSERT_TRUE(quant::find_half_islands(graph, plan, statistics).ok());
    const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), in_half(graph, plan, inputs));
    EXPECT_GT(quality, format == base::NumberFormat::float16 ? 50 : 30);
    EXPECT_LT(quality, 100) << "nothing was rounded";
    std::vector<Batch> black = some_pictures(1, 0, 1);
    std::fill(black[0].values.begin(), black[0].values.end(), 0.0F);
    const auto of_black = in_half(graph, plan, black);
    for (const float value : of_black[0]) ASSERT_EQ(value, 0) << "0 / 0";
  }
}

TEST(Half, SmallNetworkKeepsItsPicture) {
  const ir::Graph graph = small_graph(2);
  const std::vector<Batch> inputs = some_pictures(2, 0, 3);
  const auto half = in_half(graph, plan::plan_half(graph, base::NumberFormat::float16), inputs);
  const double quality = decibels(outputs(graph, inputs, kOnnxRuntime), half);
  EXPECT_GT(quality, 55);
  EXPECT_LT(quality, 90);
}

}  // namespace
}  // namespace mantissa
