#include "quant/weight_panels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/test_random.h"

namespace mantissa::quant {
namespace {

using base::NumberFormat;

ir::Tensor random_weights(std::vector<std::int64_t> shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return ir::Tensor::of_floats(std::move(shape), base::normal_numbers(count, 5));
}

// One node with weights.
ir::Graph graph_of(const std::string& op, ir::Tensor weights,
                   std::map<std::string, ir::Attribute, std::less<>> attributes = {}) {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", NumberFormat::float32, {{-1, ""}, {-1, ""}});
  const ir::ValueId w = graph.add_constant("w", std::move(weights));
  graph.outputs = {graph.add(op, {x, w}, std::move(attributes), "node")};
  return graph;
}

Result<QuantizedPanel> quantized_panel(const WeightLayer& layer, const ir::Tensor& weight, const Panel& panel) {
  const auto room = std::make_shared<base::RingMemory>(1U << 16U);
  return quantize_panel(layer, panel, weight.format, source_of(layer, weight, panel), *room);
}

struct Stored {
  ir::Tensor levels;
  std::vector<float> scales;
};

// All panels where they belong.
Stored quantize_all(const WeightLayer& layer, const ir::Tensor& weight) {
  const StoredLayout layout = layout_of(layer, weight);
  std::vector<std::byte> levels(layout.level_bytes), scales(layout.scale_bytes);
  const auto put = [](const StoredPart& part, std::vector<std::byte>& to) {
    std::uint64_t at = part.offset;
    for (std::size_t from = 0; from < part.bytes.size(); from += part.row, at += part.stride) {
      ASSERT_LE(at + part.row, to.size());
      std::memcpy(to.data() + at, part.bytes.data() + from, part.row);
    }
  };
  for (const Panel& panel : panels_of(layer)) {
    auto quantized = quantized_panel(layer, weight, panel);
    EXPECT_TRUE(quantized.ok());
    put(quantized->levels, levels);
    put(quantized->scales, scales);
  }
  ir::Tensor scale = layout.scales;
  scale.bytes = base::Bytes::take(std::move(scales));
  Stored stored{layout.levels, *scale.floats()};
  stored.levels.bytes = base::Bytes::take(std::move(levels));
  EXPECT_TRUE(stored.levels.fits());
  return stored;
}

// What a runtime makes of it, from the definitions of the operators, weight by weight.
float real_of(const WeightLayer& layer, const Stored& stored, std::size_t input, std::size_t output) {
  const std::size_t block = input / layer.block;
  const auto* bytes = reinterpret_cast<const unsigned char*>(stored.levels.bytes.data());
  if (layer.form == WeightOperator::matmulnbits) {
    const std::size_t at = (output * layer.blocks() + block) * layer.block + input % layer.block;
    const int level = layer.format == NumberFormat::int8 ? bytes[at] - 128
                                                         : (at % 2 == 0 ? bytes[at / 2] & 15 : bytes[at / 2] >> 4) - 8;
    return static_cast<float>(level) * stored.scales[output * layer.blocks() + block];
  }
  const std::size_t at = layer.outputs_first ? output * layer.inputs + input : input * layer.outputs + output;
  const int low_or_high = at % 2 == 0 ? bytes[at / 2] & 15 : bytes[at / 2] >> 4;
  const int level = layer.format == NumberFormat::int8 ? static_cast<signed char>(bytes[at])
                                                       : (low_or_high > 7 ? low_or_high - 16 : low_or_high);
  const std::size_t scale = layer.outputs_first ? output * layer.blocks() + block : block * layer.outputs + output;
  return static_cast<float>(level) * stored.scales[scale];
}

// Signal against error, in dB: a weight in the wrong place, or with another's scale, would cost nearly all of it.
double quality(const ir::Graph& graph, const WeightOptions& options) {
  const FoundWeights found = find_weights(graph, options);
  EXPECT_EQ(found.layers.size(), 1U);
  if (found.layers.size() != 1) return 0;
  const WeightLayer& layer = found.layers[0];
  const ir::Tensor& weight = *graph.value(layer.weight).constant;
  const Stored stored = quantize_all(layer, weight);
  const std::vector<float> reals = *weight.floats();
  double signal = 0, error = 0;
  for (std::size_t k = 0; k < layer.inputs; ++k)
    for (std::size_t n = 0; n < layer.outputs; ++n) {
      const auto real = static_cast<double>(reals[layer.outputs_first ? n * layer.inputs + k : k * layer.outputs + n]);
      signal += real * real;
      error += std::pow(static_cast<double>(real_of(layer, stored, k, n)) - real, 2);
    }
  return 10 * std::log10(signal / error);
}

std::vector<ir::Graph> graphs() {
  std::vector<ir::Graph> all;
  all.push_back(graph_of("MatMul", random_weights({96, 70})));
  all.push_back(graph_of("MatMul", random_weights({45, 33})));  // neither a multiple of anything
  all.push_back(graph_of("MatMul", random_weights({3000, 1})));
  all.push_back(graph_of("Gemm", random_weights({70, 101}), {{"transB", std::int64_t{1}}}));
  all.push_back(graph_of("Gemm", random_weights({101, 70})));
  all.push_back(graph_of("Conv", random_weights({67, 5, 3, 3})));
  all.push_back(graph_of("Conv", random_weights({131, 1, 3, 3})));  // depthwise: nine weights an output
  all.push_back(graph_of("MatMul", random_weights({3, 128, 10})));
  return all;
}

TEST(QuantizePanel, EachWeightIsWhereItsOperatorLooksForIt) {
  for (const ir::Graph& graph : graphs())
    for (const WeightOperator form : {WeightOperator::dequantize, WeightOperator::matmulnbits})
      for (const std::size_t block : {32, 128}) {
        const std::string name = graph.describe(graph.nodes()[0]);
        EXPECT_GT(quality(graph, {NumberFormat::int8, block, form}), 37) << name << " in blocks of " << block;
        EXPECT_GT(quality(graph, {NumberFormat::int4, block, form}), 18.5) << name << " in blocks of " << block;
      }
}

TEST(QuantizePanel, SeveralPanelsAreOneTensor) {
  // More weights than a panel has, of both layouts.
  EXPECT_GT(quality(graph_of("MatMul", random_weights({64, 150000})), {NumberFormat::int4, 32, {}}), 20);
  EXPECT_GT(quality(graph_of("Gemm", random_weights({9000, 1000}), {{"transB", std::int64_t{1}}}),
                    {NumberFormat::int4, 64, {}}),
            19);
}

TEST(QuantizePanel, ColumnsOfAPanelAreWrittenRowByRow) {
  const ir::Tensor weight = random_weights({16, 256});
  const WeightLayer layer{{}, {}, NumberFormat::int8, WeightOperator::dequantize, 16, 256, false, 16};
  const auto part = quantized_panel(layer, weight, {0, 16, 128, 64});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->levels.offset, 128U);
  EXPECT_EQ(part->levels.row, 64U);
  EXPECT_EQ(part->levels.stride, 256U);
  EXPECT_EQ(part->levels.bytes.size(), 1024U);
  EXPECT_EQ(part->scales.offset, 512U);
  EXPECT_EQ(part->scales.bytes.size(), 256U);
  const auto whole = quantized_panel(layer, weight, {0, 16, 0, 256});
  for (std::size_t row = 0; row < 16; ++row)
    EXPECT_EQ(std::memcmp(part->levels.bytes.data() + row * 64, whole->levels.bytes.data() + row * 256 + 128, 64), 0);
}

TEST(QuantizePanel, NarrowWeightsHaveNarrowScales) {
  for (const NumberFormat format : {NumberFormat::float16, NumberFormat::bfloat16}) {
    const std::vector<float> reals = *random_weights({64, 64}).floats();
    const ir::Graph graph = graph_of("MatMul", {format, {64, 64}, base::from_floats(format, reals)});
    EXPECT_GT(quality(graph, {NumberFormat::int8, 32, {}}), 37);
    EXPECT_GT(quality(graph, {NumberFormat::int4, 32, WeightOperator::matmulnbits}), 19);
  }
  const ir::Graph tiny = graph_of(
      "MatMul",
      {NumberFormat::float16, {64, 64}, base::from_floats(NumberFormat::float16, std::vector<float>(4096, 1e-7F))});
  EXPECT_GT(quality(tiny, {NumberFormat::int8, 32, {}}), 30) << "scales round to zero";
}

TEST(QuantizePanel, RefusesNaN) {
  std::vector<float> values(4096, 1.0F);
  values[4000] = std::numeric_limits<float>::quiet_NaN();
  const ir::Graph graph = graph_of("MatMul", ir::Tensor::of_floats({64, 64}, values));
  const FoundWeights found = find_weights(graph, {});
  const auto panel =
      quantized_panel(found.layers[0], *graph.value(found.layers[0].weight).constant, panels_of(found.layers[0])[0]);
  ASSERT_FALSE(panel.ok());
  EXPECT_EQ(panel.error().code, ErrorCode::bad_input);
}

std::string reason(const ir::Graph& graph, const WeightOptions& options = {}) {
  const FoundWeights found = find_weights(graph, options);
  return found.layers.empty() && found.stayed.size() == 1 ? found.stayed[0].reason : "";
}

TEST(FindWeights, SaysWhatStays) {
  EXPECT_EQ(reason(graph_of("MatMul", random_weights({10, 10}))), "small");
  EXPECT_EQ(reason(graph_of("Add", random_weights({100, 100}))), "not weights of MatMul, Gemm or Conv");
  EXPECT_EQ(reason(graph_of("MatMul", {NumberFormat::int8, {64, 64}, base::Bytes::take(std::vector<char>(4096))})),
            "integers already");
  EXPECT_EQ(reason(graph_of("MatMul", {NumberFormat::float64, {64, 64}, base::Bytes::take(std::vector<double>(4096))})),
            "in float64");
  EXPECT_EQ(reason(graph_of("MatMul", random_weights({2, 48, 64})), {NumberFormat::int4, 32, {}}),
            "not made of whole blocks");
  ir::Graph shared = graph_of("MatMul", random_weights({64, 64}));
  shared.outputs.push_back(shared.add("MatMul", {shared.outputs[0], *shared.find_value("w")}));
  EXPECT_EQ(reason(shared), "shared");
}

TEST(FindWeights, OnlyMatricesOfMatMulBecomeMatMulNBits) {
  const auto form = [](const ir::Graph& graph) {
    return find_weights(graph, {NumberFormat::int4, 32, WeightOperator::matmulnbits}).layers.at(0).form;
  };
  EXPECT_EQ(form(graph_of("MatMul", random_weights({64, 64}))), WeightOperator::matmulnbits);
  EXPECT_EQ(form(graph_of("MatMul", random_weights({2, 64, 64}))), WeightOperator::dequantize);
  EXPECT_EQ(form(graph_of("Gemm", random_weights({64, 64}))), WeightOperator::dequantize);
  ir::Graph vector = graph_of("MatMul", random_weights({64, 64}));
  vector.value(vector.inputs[0]).shape = ir::Shape{{64, ""}};
  EXPECT_EQ(form(vector), WeightOperator::dequantize);
}

}  // namespace
}  // namespace mantissa::quant
