// mantissa.Tap and mantissa.RoundTo, on the providers that have them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "run/test_networks.h"

namespace mantissa::run {
namespace {

// A tap behind each value, that of the first value last in the file: see src/run/onnxruntime/operators.h.
void add_taps(ir::Graph& graph, std::vector<std::string> values) {
  std::reverse(values.begin(), values.end());
  for (const std::string& name : values) {
    const auto token = graph.add_value(name + "_tap", base::NumberFormat::int64, ir::Shape{{1, ""}});
    graph.add_node({.op = "Tap",
                    .domain = "mantissa",
                    .name = name + "_tap",
                    .inputs = {*graph.find_value(name)},
                    .outputs = {token},
                    .attributes = {{"value", name}}});
    graph.outputs.push_back(token);
  }
}

struct Seen {
  std::string value;
  std::vector<std::int64_t> shape;
  std::vector<float> elements;
};

TEST(Operators, TapShowsValuesInTheOrderOfExecution) {
  net::Network network = small_network(3, 2);
  add_taps(network.graph, {"picture", "first", "second", "last"});
  std::vector<Seen> seen;
  const Tap tap = [&](std::string_view value, std::span<const std::int64_t> shape, std::span<const float> elements) {
    seen.push_back({std::string(value), {shape.begin(), shape.end()}, {elements.begin(), elements.end()}});
  };
  auto session = open("onnxruntime-cpu", network.graph, {.threads = 0, .optimize = true, .tap = tap});
  ASSERT_TRUE(session.ok()) << session.error().message();
  image::Picture picture = random_picture(10, 6, 3);
  std::vector<float> output(3 * 20 * 12);
  ASSERT_TRUE((*session)->run({{1, 3, 6, 10}, picture.samples.data()}, {{1, 3, 12, 20}, output.data()}).ok());
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].value, "picture");
  EXPECT_EQ(seen[0].elements, picture.samples);
  EXPECT_EQ(seen[1].value, "first");
  EXPECT_EQ(seen[1].shape, (std::vector<std::int64_t>{1, 8, 6, 10}));
  EXPECT_EQ(seen[2].value, "second");
  EXPECT_EQ(seen[3].value, "last");

  // The output is what it was without taps.
  auto plain = open("onnxruntime-cpu", small_network(3, 2).graph);
  ASSERT_TRUE(plain.ok());
  std::vector<std::int64_t> shape;
  const auto expected = (*plain)->run({{1, 3, 6, 10}, picture.samples.data()}, shape);
  ASSERT_TRUE(expected.ok());
  EXPECT_LT(largest_difference(*expected, output), 1e-5F);
}

TEST(Operators, TapWithoutAListenerIsHarmless) {
  net::Network network = small_network(1, 1);
  add_taps(network.graph, {"first"});
  auto session = open("onnxruntime-cpu", network.graph);
  ASSERT_TRUE(session.ok());
  image::Picture picture = random_picture(8, 8, 1);
  std::vector<std::int64_t> shape;
  EXPECT_TRUE((*session)->run({{1, 1, 8, 8}, picture.samples.data()}, shape).ok());
}

TEST(Operators, ExceptionOfAListenerBecomesAnError) {
  net::Network network = small_network(1, 1);
  add_taps(network.graph, {"first"});
  const Tap tap = [](auto&&...) { throw std::runtime_error("the listener fell asleep"); };
  auto session = open("onnxruntime-cpu", network.graph, {.threads = 0, .optimize = true, .tap = tap});
  ASSERT_TRUE(session.ok());
  image::Picture picture = random_picture(8, 8, 1);
  std::vector<std::int64_t> shape;
  auto result = (*session)->run({{1, 1, 8, 8}, picture.samples.data()}, shape);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message().find("fell asleep"), std::string::npos) << result.error().message();
}

// y = round(a * b) / b, with `a` and `b` the same for all elements.
ir::Graph product_rounded(float factor, const std::string& format, const std::string& overflow) {
  ir::Graph graph;
  const auto x = graph.add_input("x", base::NumberFormat::float32, picture_shape(1));
  const auto constant = graph.add_constant("factor", ir::Tensor::of_floats({}, {factor}));
  const auto product = graph.add("Mul", {x, constant}, {}, "product");
  const auto rounded = graph.add_value("rounded", base::NumberFormat::float32, picture_shape(1));
  graph.add_node({.op = "RoundTo",
                  .domain = "mantissa",
                  .name = "round",
                  .inputs = {product},
                  .outputs = {rounded},
                  .attributes = {{"format", format}, {"overflow", overflow}}});
  const auto quotient = graph.add("Div", {rounded, constant});
  graph.value(quotient).format = base::NumberFormat::float32;
  graph.value(quotient).shape = picture_shape(1);
  graph.outputs = {quotient};
  return graph;
}

Result<std::vector<float>> run_product(float value, float factor, const std::string& format,
                                       const std::string& overflow, int side = 2) {
  MANTISSA_ASSIGN(auto session, open("onnxruntime-cpu", product_rounded(factor, format, overflow)));
  std::vector<float> x(static_cast<std::size_t>(side) * side, value);
  std::vector<std::int64_t> shape;
  return session->run({{1, 1, side, side}, x.data()}, shape);
}

TEST(Operators, RoundToOverflowsAsArithmeticInTheFormatDoes) {
  auto result = run_product(300, 1000, "float16", "infinity");
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_TRUE(std::isinf(result->front()));
  result = run_product(300, 1000, "float16", "saturate");
  ASSERT_TRUE(result.ok());
  EXPECT_FLOAT_EQ(result->front(), 65.504F);
  result = run_product(300, 1000, "bfloat16", "infinity");
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->front(), 300, 1.2);
  EXPECT_NE(result->front(), 300);
}

TEST(Operators, RoundToRoundsEveryElementOfALargeTensor) {
  const auto result = run_product(1.0F / 3, 1, "float16", "infinity", 1000);
  ASSERT_TRUE(result.ok());
  const float third = base::half_to_float(base::float_to_half(1.0F / 3));
  EXPECT_EQ(std::count(result->begin(), result->end(), third), 1'000'000);
}

TEST(Operators, RoundToLeavesItsInputToOthers) {
  ir::Graph graph = product_rounded(3, "float8_e4m3fn", "saturate");
  const auto difference = graph.add("Sub", {*graph.find_value("product"), *graph.find_value("rounded")});
  graph.value(difference).format = base::NumberFormat::float32;
  graph.value(difference).shape = picture_shape(1);
  graph.outputs = {difference};
  auto session = open("onnxruntime-cpu", graph);
  ASSERT_TRUE(session.ok()) << session.error().message();
  std::vector<float> x{1.1F, 2.0F, 3.0F, 4.0F};
  std::vector<std::int64_t> shape;
  const auto result = (*session)->run({{1, 1, 2, 2}, x.data()}, shape);
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->at(0), 0.05F, 1e-4F);  // 3.3 becomes 3.25
}

TEST(Operators, RoundToRefusesUnknownFormats) {
  auto result = run_product(1, 1, "float12", "infinity");
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message().find("format"), std::string::npos) << result.error().message();
  EXPECT_FALSE(run_product(1, 1, "float16", "wrap").ok());
}

}  // namespace
}  // namespace mantissa::run
