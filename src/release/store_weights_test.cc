#include "release/store_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "base/test_folder.h"
#include "base/test_random.h"
#include "format/onnx.h"
#include "mantissa/weights.h"
#include "release/engines.h"

namespace mantissa::release {
namespace {

using base::NumberFormat;

ir::ValueId random_constant(ir::Graph& graph, const std::string& name, std::vector<std::int64_t> shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return graph.add_constant(name, ir::Tensor::of_floats(std::move(shape), base::normal_numbers(count, 7)));
}

// A convolution, a MatMul and a Gemm in both orders, as no picture network has them; with formats and shapes.
ir::Graph mixed_graph() {
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", NumberFormat::float32, {{1, ""}, {12, ""}, {6, ""}, {6, ""}});
  ir::ValueId y = graph.add("Conv", {x, random_constant(graph, "conv", {33, 12, 3, 3})}, {}, "conv_node");
  y = graph.add("Flatten", {y});
  y = graph.add("MatMul", {y, random_constant(graph, "matmul", {528, 65})}, {}, "matmul_node");
  y = graph.add("Gemm", {y, random_constant(graph, "gemm", {47, 65})}, {{"transB", std::int64_t{1}}}, "gemm_node");
  y = graph.add("MatMul", {y, random_constant(graph, "last", {47, 50})}, {}, "last_node");
  y = graph.add("Add", {y, random_constant(graph, "offsets", {50})});
  graph.outputs = {y};
  graph.value(y).format = NumberFormat::float32;
  graph.value(y).shape = ir::Shape{{1, ""}, {50, ""}};
  auto inferred = format::with_inferred_shapes(graph);
  EXPECT_TRUE(inferred.ok()) << inferred.error().message();
  return *std::move(inferred);
}

std::vector<float> output_of(const ir::Graph& graph) {
  quant::Batch input{{1, 12, 6, 6}, base::normal_numbers(432, 1)};
  std::vector<float> values;
  const auto done = execute_on(kReference)(graph, std::span(&input, 1), {},
                                           [&](std::size_t, quant::Batch output) { values = output.values; });
  EXPECT_TRUE(done.ok()) << done.error().message();
  return values;
}

double decibels(const std::vector<float>& wanted, const std::vector<float>& found) {
  double signal = 0, error = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    signal += std::pow(static_cast<double>(wanted[i]), 2);
    error += std::pow(static_cast<double>(wanted[i] - found.at(i)), 2);
  }
  return 10 * std::log10(signal / error);
}

TEST(StoreWeights, OnnxRuntimeComputesWithThem) {
  const ir::Graph fp32 = mixed_graph();
  const std::vector<float> wanted = output_of(fp32);
  for (const quant::WeightOperator form : {quant::WeightOperator::dequantize, quant::WeightOperator::matmulnbits})
    for (const NumberFormat format : {NumberFormat::int8, NumberFormat::int4}) {
      ir::Graph graph = fp32;
      const base::TestFolder folder;
      auto data = format::DataFile::create(folder / "network.onnx");
      ASSERT_TRUE(data.ok()) << data.error().message();
      WeightStore store(*data);
      const auto totals = store_weights(graph, {format, 32, form}, store);
      ASSERT_TRUE(totals.ok()) << totals.error().message();
      EXPECT_EQ(totals->tensors, 4U);
      EXPECT_EQ(totals->stayed.size(), 1U);
      EXPECT_LT(totals->bytes_after, totals->bytes_before / (format == NumberFormat::int8 ? 3 : 6));
      EXPECT_GT(decibels(wanted, output_of(graph)), format == NumberFormat::int8 ? 32 : 13)
          << base::name_of(format) << " " << static_cast<int>(form);
    }
}

// A network in a file, with its constants beside it.
std::filesystem::path written(const base::TestFolder& folder, const ir::Graph& graph) {
  EXPECT_TRUE(format::write_onnx(graph, folder / "network.onnx", {.external_data_over = 0}).ok());
  return folder / "network.onnx";
}

TEST(QuantizeWeights, FromFileToFile) {
  const base::TestFolder folder;
  const ir::Graph fp32 = mixed_graph();
  const auto summary = quantize_weights({written(folder, fp32), "int4", 64, "dequantize", folder / "out.onnx"});
  ASSERT_TRUE(summary.ok()) << summary.error().message();
  EXPECT_EQ(summary->tensors, 4U);
  EXPECT_EQ(folder.entries(), 4U);  // two models with their data, and nothing that was written aside
  auto graph = format::read_onnx(folder / "out.onnx");
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_GT(decibels(output_of(fp32), output_of(*graph)), 13);
  // Onto itself: what is read stays readable until the end.
  const auto again = quantize_weights({folder / "network.onnx", "int4", 64, "dequantize", folder / "network.onnx"});
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(*base::read_text(folder / "network.onnx.data"), *base::read_text(folder / "out.onnx.data"));
  // Weights that are quantized stay as they are.
  const auto twice = quantize_weights({folder / "out.onnx", "int8", {}, "dequantize", folder / "twice.onnx"});
  ASSERT_TRUE(twice.ok()) << twice.error().message();
  EXPECT_EQ(twice->tensors, 0U);
}

// Between the reading of the graph and that of its weights, small ones and large ones.
TEST(StoreWeights, AFileThatIsShortenedMeanwhileIsAnError) {
  const base::TestFolder folder;
  const std::filesystem::path network = written(folder, mixed_graph());
  for (const std::uintmax_t size : {60000, 0}) {
    auto graph = format::read_onnx(network);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    std::filesystem::resize_file(folder / "network.onnx.data", size);
    {
      auto data = format::DataFile::create(folder / "out.onnx");
      ASSERT_TRUE(data.ok()) << data.error().message();
      WeightStore store(*data);
      const auto totals = store_weights(*graph, {}, store);
      ASSERT_FALSE(totals.ok());
      EXPECT_EQ(totals.error().code, ErrorCode::bad_input);
      for (const char* says : {"tensor ", "network.onnx.data", "shortened"})
        EXPECT_NE(totals.error().message().find(says), std::string::npos) << totals.error().message();
    }
    EXPECT_EQ(folder.entries(), 2U);
    static_cast<void>(written(folder, mixed_graph()));
  }
}

TEST(QuantizeWeights, RefusesNaNWithTheTensorsName) {
  const base::TestFolder folder;
  ir::Graph graph = mixed_graph();
  std::vector<float> values(47 * 50, 1.0F);
  values[77] = std::numeric_limits<float>::infinity();
  graph.value(*graph.find_value("last")).constant = ir::Tensor::of_floats({47, 50}, values);
  const auto summary = quantize_weights({written(folder, graph), "int8", {}, "dequantize", folder / "out.onnx"});
  ASSERT_FALSE(summary.ok());
  EXPECT_EQ(summary.error().code, ErrorCode::bad_input);
  EXPECT_NE(summary.error().message().find("tensor last"), std::string::npos) << summary.error().message();
  EXPECT_EQ(folder.entries(), 2U);
}

TEST(QuantizeWeights, RefusesWhatThereIsNot) {
  const base::TestFolder folder;
  const auto code = [&](WeightsRequest request) { return quantize_weights(request).error().code; };
  EXPECT_EQ(code({"x.onnx", "int5", {}, "dequantize", folder / "o"}), ErrorCode::usage);
  EXPECT_EQ(code({"x.onnx", "int4", 33, "dequantize", folder / "o"}), ErrorCode::usage);
  EXPECT_EQ(code({"x.onnx", "int8", 32, "dequantize", folder / "o"}), ErrorCode::usage);
  EXPECT_EQ(code({"x.onnx", "int4", 32, "magic", folder / "o"}), ErrorCode::usage);
  EXPECT_EQ(code({folder / "x.onnx", "int4", 32, "dequantize", folder / "o"}), ErrorCode::bad_input);
}

}  // namespace
}  // namespace mantissa::release
