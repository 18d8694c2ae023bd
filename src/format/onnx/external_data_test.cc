#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/files.h"
#include "format/onnx/test_models.h"

namespace mantissa::format {
namespace {

namespace fs = std::filesystem;

// A folder of its own, with a model whose constant lies where the test says.
class ExternalDataTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / ("mantissa_external_" + std::string(test->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "model");
    write(folder_ / "outside.bin");
    write(folder_ / "model" / "inside.bin");
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void write(const fs::path& path) {
    const std::vector<float> values = {9, 1, 2, 9};
    ASSERT_TRUE(base::write_text(path, std::string(reinterpret_cast<const char*>(values.data()), 16)).ok());
  }

  // Reads a model with two floats at `entries`.
  Result<ir::Graph> read(const std::string& entries) {
    const std::string bytes =
        model_bytes(21, "agraph (float[2] x) => (float[2] y) <float[2] w = [" + entries + "]> { y = Add(x, w) }");
    EXPECT_TRUE(base::write_text(folder_ / "model" / "m.onnx", bytes).ok());
    return read_onnx(folder_ / "model" / "m.onnx");
  }
  void expect_refused(const std::string& entries) {
    const auto graph = read(entries);
    ASSERT_FALSE(graph.ok()) << entries;
    EXPECT_EQ(graph.error().code, ErrorCode::bad_input) << graph.error().message();
    EXPECT_NE(graph.error().message().find("tensor w"), std::string::npos) << graph.error().message();
  }

  fs::path folder_;
};

TEST_F(ExternalDataTest, IsRead) {
  const auto graph = read(R"("location": "inside.bin", "offset": "4", "length": "8")");
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(*graph->value(*graph->find_value("w")).constant->floats(), (std::vector<float>{1, 2}));
}

TEST_F(ExternalDataTest, MustLieInsideTheFolder) {
  expect_refused(R"("location": ")" + (folder_ / "outside.bin").string() + R"(", "offset": "0", "length": "8")");
  expect_refused(R"("location": "../outside.bin", "offset": "0", "length": "8")");
  expect_refused(R"("location": "../model/inside.bin", "offset": "0", "length": "8")");
  expect_refused(R"("location": "", "offset": "0", "length": "8")");
  expect_refused(R"("location": ".", "offset": "0", "length": "8")");
  fs::create_symlink("../outside.bin", folder_ / "model" / "link.bin");
  expect_refused(R"("location": "link.bin", "offset": "0", "length": "8")");
  fs::create_directory_symlink("..", folder_ / "model" / "up");
  expect_refused(R"("location": "up/outside.bin", "offset": "0", "length": "8")");
}

TEST_F(ExternalDataTest, MustFitTheFileAndTheShape) {
  expect_refused(R"("location": "missing.bin", "offset": "0", "length": "8")");
  expect_refused(R"("location": "inside.bin", "offset": "12", "length": "8")");
  expect_refused(R"("location": "inside.bin", "offset": "17", "length": "0")");
  expect_refused(R"("location": "inside.bin", "offset": "0", "length": "4")");
  expect_refused(R"("location": "inside.bin")");  // 16 bytes
  expect_refused(R"("location": "inside.bin", "offset": "-8", "length": "8")");
  expect_refused(R"("location": "inside.bin", "offset": "18446744073709551608", "length": "16")");
  expect_refused(R"("location": "inside.bin", "offset": "many", "length": "8")");
}

TEST_F(ExternalDataTest, CannotBeUsedFromMemory) {
  const std::string bytes = model_bytes(
      21, R"(agraph (float[2] x) => (float[2] y) <float[2] w = ["location": "inside.bin"]> { y = Add(x, w) })");
  EXPECT_EQ(read_bytes(bytes).error().code, ErrorCode::bad_input);
}

TEST_F(ExternalDataTest, IsWrittenWhereTheModelWouldBeTooLarge) {
  ir::Graph graph;
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto large = graph.add_constant("large", ir::Tensor::of_floats({1000}, values));
  const auto odd = graph.add_constant(
      "odd", {base::NumberFormat::int8, {1001}, base::Bytes::take(std::vector<std::int8_t>(1001, 3))});
  const auto small = graph.add_constant("small", ir::Tensor::of_floats({}, {5}));
  const auto last = graph.add_constant("last", ir::Tensor::of_floats({1000}, values));
  graph.outputs = {large, odd, small, last};

  const fs::path path = folder_ / "written.onnx";
  ASSERT_TRUE(write_onnx(graph, path, {.external_data_over = 100}).ok());
  EXPECT_LT(fs::file_size(path), 2000U);
  EXPECT_EQ(fs::file_size(folder_ / "written.onnx.data"),
            4000U + 4000U + 32U);  // the second starts at a multiple of 64
  const auto again = read_onnx(path);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(whole_text(*again), whole_text([&] {
              graph.name = "network";
              return graph;
            }()));
}

TEST_F(ExternalDataTest, LargeDataInTheModelStayInItsMappedFile) {
  ir::Graph graph;
  std::vector<float> values(50000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto large = graph.add_constant("large", ir::Tensor::of_floats({50, 1000}, values));
  const auto small = graph.add_constant("small", ir::Tensor::of_floats({3}, {1, 2, 3}));
  graph.outputs = {large, small};
  ASSERT_TRUE(write_onnx(graph, folder_ / "inline.onnx").ok());
  const auto again = read_onnx(folder_ / "inline.onnx");
  ASSERT_TRUE(again.ok()) << again.error().message();
  const ir::Tensor& tensor = *again->value(*again->find_value("large")).constant;
  EXPECT_NE(tensor.bytes.file(), nullptr);
  EXPECT_EQ(*tensor.floats(), values);
  EXPECT_EQ(again->value(*again->find_value("small")).constant->floats()->size(), 3U);

  std::string text = *base::read_text(folder_ / "inline.onnx");
  text.resize(text.size() - 100);
  ASSERT_TRUE(base::write_text(folder_ / "short.onnx", text).ok());
  EXPECT_EQ(read_onnx(folder_ / "short.onnx").error().code, ErrorCode::bad_input);
}

TEST_F(ExternalDataTest, ConstantsMayBeWrittenBeforeTheGraph) {
  const fs::path path = folder_ / "early.onnx";
  auto data = DataFile::create(path);
  ASSERT_TRUE(data.ok());
  const std::vector<float> values = {1, 2, 3, 4};
  static_cast<void>(data->reserve(3));
  const std::uint64_t offset = data->reserve(16);
  EXPECT_EQ(offset, 64U);
  ASSERT_TRUE(data->file().write_at(offset, std::as_bytes(std::span(values))).ok());
  const auto contents = data->contents();
  ASSERT_TRUE(contents.ok());
  ir::Graph graph;
  const auto there = graph.add_constant("there", {base::NumberFormat::float32, {4}, contents->part(offset, 16)});
  const auto here = graph.add_constant("here", ir::Tensor::of_floats({4}, values));
  graph.outputs = {there, here};
  EXPECT_FALSE(fs::exists(folder_ / "early.onnx.data"));
  ASSERT_TRUE(write_onnx(graph, path, *std::move(data)).ok());
  EXPECT_EQ(fs::file_size(folder_ / "early.onnx.data"), 80U);
  const auto again = read_onnx(path);
  ASSERT_TRUE(again.ok()) << again.error().message();
  for (const char* name : {"there", "here"})
    EXPECT_EQ(*again->value(*again->find_value(name)).constant->floats(), values) << name;
}

}  // namespace
}  // namespace mantissa::format
