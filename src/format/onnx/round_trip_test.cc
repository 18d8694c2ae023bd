#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "format/onnx/test_models.h"
#include "ir/verify.h"

namespace mantissa::format {
namespace {

namespace fs = std::filesystem;
using base::NumberFormat;

std::vector<fs::path> shared_models() {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(shared_folder() / "onnx", error)) {
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void expect_same_after_writing(const ir::Graph& graph, const std::string& name) {
  const auto written = onnx_bytes(graph);
  ASSERT_TRUE(written.ok()) << name << ": " << written.error().message();
  const auto again = read_bytes(*written);
  ASSERT_TRUE(again.ok()) << name << ": " << again.error().message();
  EXPECT_TRUE(whole_text(*again) == whole_text(graph)) << name << " changed when it was written and read again";
  EXPECT_TRUE(*onnx_bytes(*again) == *written) << name << " is not written to the same bytes each time";
}

TEST(OnnxRoundTrip, KeepsTheSharedNetworks) {
  const std::vector<fs::path> paths = shared_models();
  if (paths.empty()) GTEST_SKIP() << "no networks in " << shared_folder() / "onnx";
  for (const fs::path& path : paths) {
    const auto graph = read_onnx(path);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    EXPECT_TRUE(ir::verify(*graph).ok()) << path;
    expect_same_after_writing(*graph, path.filename().string());
  }
}

TEST(OnnxRoundTrip, RefusesOperatorsOfOthers) {
  const fs::path path = shared_folder() / "models/onnx_subpixel/superresolution_with_pre_post_processing_op18.onnx";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  const auto graph = read_onnx(path);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::bad_input);
  EXPECT_NE(graph.error().message().find("DecodeImage"), std::string::npos);
  EXPECT_NE(graph.error().message().find("com.microsoft.extensions"), std::string::npos);
}

// Every number format that a tensor can have, through ONNX's bytes.
TEST(OnnxRoundTrip, KeepsEveryNumberFormat) {
  ir::Graph graph;
  graph.name = "constants";
  for (int i = 0; i < static_cast<int>(NumberFormat::string); ++i) {
    const auto format = static_cast<NumberFormat>(i);
    std::vector<std::uint8_t> bytes(base::bytes_of(format, 3), 1);
    graph.outputs.push_back(
        graph.add_constant(std::string(base::name_of(format)), {format, {3}, base::Bytes::take(bytes)}));
  }
  expect_same_after_writing(graph, "a graph of constants");
}

TEST(OnnxRoundTrip, KeepsMetadataNamesAndSymbols) {
  const auto graph = ir::parse(R"(graph "a network" {
    meta author = "somebody"
    meta empty = ""
    input %"an input" : float32[batch,3,h,w]
    const %"zero/sized" : float32[0] = {}
    %y : float32[batch,3,h,w] = Relu(%"an input") @"/a node"
    output %y
  })");
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  expect_same_after_writing(*graph, "a small graph");
}

// Nodes of our passes: written for our own engine modules, never read.
TEST(OnnxRoundTrip, WritesNodesOfItsOwnDomain) {
  const auto graph = ir::parse(R"(graph {
    input %x : float32[1]
    %y : float32[1] = mantissa::RoundTo(%x) {format="float16"}
    output %y
  })");
  ASSERT_TRUE(graph.ok());
  const auto written = onnx_bytes(*graph);
  ASSERT_TRUE(written.ok()) << written.error().message();
  EXPECT_EQ(read_bytes(*written).error().code, ErrorCode::bad_input);
}

// Convolutions accept bfloat16 only from opset 22 on.
TEST(OnnxRoundTrip, TakesANewerOpsetWhereAFormatNeedsIt) {
  const auto graph = ir::parse(R"(graph sums {
    input %x : bfloat16[1,1,8,8]
    input %w : bfloat16[1,1,1,1]
    %y : bfloat16[1,1,8,8] = Conv(%x, %w)
    output %y
  })");
  ASSERT_TRUE(graph.ok());
  expect_same_after_writing(*graph, "a convolution in bfloat16");
}

TEST(OnnxWriter, LetsNoIllegalGraphAppear) {
  const fs::path path = fs::path(testing::TempDir()) / "mantissa_illegal.onnx";
  const auto graph = ir::parse("graph { input %x : float32[1] %y : float32[1] = Sharpen(%x) output %y }");
  ASSERT_TRUE(graph.ok());
  const auto written = write_onnx(*graph, path);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, ErrorCode::internal);
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace mantissa::format
