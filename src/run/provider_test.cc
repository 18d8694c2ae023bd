#include "run/provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "base/cpu.h"
#include "run/test_networks.h"

namespace mantissa::run {
namespace {

INSTANTIATE_TEST_SUITE_P(All, EveryProvider, EveryProvider::all(), EveryProvider::name_of);

TEST(Provider, UnknownNameIsAUsageErrorThatListsTheKnown) {
  auto result = provider("abacus");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::usage);
  EXPECT_NE(result.error().message().find("openvino-cpu"), std::string::npos);
}

TEST_P(EveryProvider, SaysItsVersion) {
  auto engine = provider(GetParam());
  ASSERT_TRUE(engine.ok()) << engine.error().message();
  EXPECT_NE((*engine)->version().find('.'), std::string::npos);
  EXPECT_EQ((*engine)->version().find('\n'), std::string::npos);
}

TEST_P(EveryProvider, RunsPicturesOfAnySizeOneAfterTheOther) {
  const net::Network network = small_network(3, 2);
  auto session = open(GetParam(), network.graph);
  ASSERT_TRUE(session.ok()) << session.error().message();
  for (const auto& [width, height] : {std::pair{16, 12}, {9, 31}, {16, 12}, {5, 5}, {6, 5}, {7, 5}, {8, 5}, {16, 12}}) {
    image::Picture picture = random_picture(width, height, 3);
    const TensorView input{{1, 3, height, width}, picture.samples.data()};
    const std::vector<std::int64_t> twice = {1, 3, std::int64_t{2} * height, std::int64_t{2} * width};
    std::vector<std::int64_t> shape;
    auto free = (*session)->run(input, shape);
    ASSERT_TRUE(free.ok()) << free.error().message();
    EXPECT_EQ(shape, twice);
    std::vector<float> bound(free->size(), -1.0F);
    const auto done = (*session)->run(input, {twice, bound.data()});
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(*free, bound);
    EXPECT_GT(largest_difference(bound, std::vector<float>(bound.size())), 0.01F) << "a network that gives zeros";
  }
}

TEST_P(EveryProvider, WrongShapesAreErrors) {
  const net::Network network = small_network(3, 2);
  auto session = open(GetParam(), network.graph);
  ASSERT_TRUE(session.ok());
  std::vector<float> in(1024), out(16384);  // more than any of the shapes asks for
  const auto run = [&](std::vector<std::int64_t> from, std::vector<std::int64_t> to) {
    return (*session)->run({std::move(from), in.data()}, {std::move(to), out.data()});
  };
  EXPECT_FALSE(run({1, 4, 16, 16}, {1, 4, 32, 32}).ok()) << "channels";
  EXPECT_FALSE(run({1, 3, 16}, {1, 3, 32}).ok()) << "rank";
  auto result = run({1, 3, 16, 16}, {1, 3, 16, 16});
  ASSERT_FALSE(result.ok()) << "output";
  EXPECT_EQ(result.error().what.find('\n'), std::string::npos);
  EXPECT_TRUE(run({1, 3, 16, 16}, {1, 3, 32, 32}).ok()) << "the session lives on";
}

TEST_P(EveryProvider, BrokenFilesAreErrorsInOneSentence) {
  const net::Network network = small_network(1, 1);
  auto good = format::onnx_bytes(network.graph);
  ASSERT_TRUE(good.ok());
  const std::string& whole = *good;
  for (const std::string& onnx :
       {std::string(), std::string("not a network"), std::string(100, '\0'), whole.substr(0, whole.size() / 2)}) {
    auto session = open(GetParam(), std::string_view(onnx));
    ASSERT_FALSE(session.ok()) << onnx.size();
    EXPECT_EQ(session.error().code, ErrorCode::bad_input) << session.error().message();
    EXPECT_EQ(session.error().what.find('\n'), std::string::npos) << session.error().what;
    EXPECT_EQ(session.error().what.find(".cpp:"), std::string::npos) << session.error().what;
    EXPECT_EQ(session.error().what.find(".cc:"), std::string::npos) << session.error().what;
  }
}

TEST_P(EveryProvider, OperatorThatItDoesNotHaveIsNamed) {
  net::Network network = small_network(1, 1);
  const ir::ValueId before = network.graph.outputs[0];
  const ir::ValueId after = network.graph.add_value("strange", base::NumberFormat::float32, picture_shape(1));
  network.graph.add_node(
      {.op = "Frobnicate", .domain = "mantissa", .name = "", .inputs = {before}, .outputs = {after}, .attributes = {}});
  network.graph.outputs = {after};
  auto session = open(GetParam(), network.graph);
  ASSERT_FALSE(session.ok());
  EXPECT_NE(session.error().message().find("Frobnicate"), std::string::npos) << session.error().message();
}

TEST_P(EveryProvider, TellsTheNetworkItsCondition) {
  for (const int step : {0, 1, 2}) {  // 0: one number
    auto session = open(GetParam(), network_with_condition(step > 0, std::max(step, 1)));
    ASSERT_TRUE(session.ok()) << session.error().message();
    for (const auto& [width, height, number] :
         {std::tuple{16, 12, 0.25F}, {16, 12, 0.5F}, {8, 6, 0.5F}, {16, 12, 0.5F}}) {
      image::Picture picture = random_picture(width, height, 1);
      (*session)->set_condition(number, std::max(step, 1));
      const TensorView input{{1, 1, height, width}, picture.samples.data()};
      std::vector<std::int64_t> shape;
      const auto free = (*session)->run(input, shape);
      ASSERT_TRUE(free.ok()) << free.error().message();
      std::vector<float> bound(picture.samples.size());
      ASSERT_TRUE((*session)->run(input, {{1, 1, height, width}, bound.data()}).ok());
      EXPECT_EQ(*free, bound);
      for (float& sample : picture.samples) sample += number;
      EXPECT_LT(largest_difference(bound, picture.samples), 1e-6F) << step;
    }
  }
}

TEST_P(EveryProvider, AConditionThatNobodyStatedIsAnError) {
  auto session = open(GetParam(), network_with_condition(true, 1));
  ASSERT_TRUE(session.ok());
  image::Picture picture = random_picture(16, 12, 1);
  std::vector<std::int64_t> shape;
  const auto output = (*session)->run({{1, 1, 12, 16}, picture.samples.data()}, shape);
  ASSERT_FALSE(output.ok());
  EXPECT_NE(output.error().message().find("sigma"), std::string::npos) << output.error().message();
}

TEST_P(EveryProvider, ThreeInputsAreRefused) {
  net::Network network = small_network(1, 1);
  for (const char* name : {"other", "third"}) {
    const auto other = network.graph.add_input(name, base::NumberFormat::float32, picture_shape(1));
    network.graph.outputs = {network.graph.add("Add", {network.graph.outputs[0], other})};
  }
  network.graph.value(network.graph.outputs[0]).format = base::NumberFormat::float32;
  network.graph.value(network.graph.outputs[0]).shape = picture_shape(1);
  auto session = open(GetParam(), network.graph);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().code, ErrorCode::unsupported);
}

TEST_P(EveryProvider, AgreesWithTheOthers) {
  const net::Network network = small_network(3, 2, 2);
  image::Picture picture = random_picture(20, 14, 3);
  std::vector<std::int64_t> shape;
  auto session = open(GetParam(), network.graph);
  auto reference = open("onnxruntime-cpu", network.graph, {.threads = 1, .optimize = false, .tap = {}});
  ASSERT_TRUE(session.ok() && reference.ok());
  const auto mine = (*session)->run({{1, 3, 14, 20}, picture.samples.data()}, shape);
  const auto theirs = (*reference)->run({{1, 3, 14, 20}, picture.samples.data()}, shape);
  ASSERT_TRUE(mine.ok() && theirs.ok());
  // Float32 in any order of summation; bfloat16, which an engine may choose by itself, is 100 times as far away.
  EXPECT_LT(largest_difference(*mine, *theirs), 2e-5F);
}

TEST_P(EveryProvider, ComputesInBfloat16OnlyWhenToldThatItMay) {
  const net::Network network = small_network(3, 2, 2);
  image::Picture picture = random_picture(20, 14, 3);
  std::vector<std::int64_t> shape;
  auto session = open(GetParam(), network.graph, {.floats = base::NumberFormat::bfloat16, .tap = {}});
  auto exact = open(GetParam(), network.graph);
  ASSERT_TRUE(session.ok() && exact.ok());
  const auto mine = (*session)->run({{1, 3, 14, 20}, picture.samples.data()}, shape);
  const auto theirs = (*exact)->run({{1, 3, 14, 20}, picture.samples.data()}, shape);
  ASSERT_TRUE(mine.ok() && theirs.ok());
  const float difference = largest_difference(*mine, *theirs);
  EXPECT_LT(difference, 0.02F);
  const bool may = GetParam() == "openvino-cpu";
  EXPECT_TRUE(may || difference == 0) << difference;
  EXPECT_TRUE(!may || !base::cpu().amx_bf16 || difference > 2e-5F) << "it did not make use of it";
}

TEST_P(EveryProvider, PlacementOfAFloatNetworkIsFloat) {
  const net::Network network = small_network(3, 2);
  auto session = open(GetParam(), network.graph);
  ASSERT_TRUE(session.ok());
  auto placement = (*session)->placement();
  ASSERT_TRUE(placement.ok()) << placement.error().message();
  int convolutions = 0;
  for (const Placement::Entry& entry : placement->entries) {
    EXPECT_EQ(entry.format, "f32") << entry.op << ' ' << entry.node;
    convolutions += entry.op.find("Conv") != std::string::npos;
  }
  EXPECT_EQ(convolutions, 4);
}

// x -> QuantizeLinear -> DequantizeLinear -> Conv (weights from int8) -> QuantizeLinear -> DequantizeLinear -> y
ir::Graph quantized_convolution() {
  ir::Graph graph;
  const auto x = graph.add_input("x", base::NumberFormat::float32, picture_shape(8));
  const auto scale = graph.add_constant("scale", ir::Tensor::of_floats({}, {1.0F / 255}));
  const auto zero =
      graph.add_constant("zero", {base::NumberFormat::uint8, {}, base::Bytes::take(std::vector<std::uint8_t>{128})});
  const auto weight_zero =
      graph.add_constant("weight_zero", {base::NumberFormat::int8, {}, base::Bytes::take(std::vector<std::int8_t>{0})});
  std::vector<std::int8_t> numbers(576);  // [8, 8, 3, 3]
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<std::int8_t>(static_cast<int>(i * 37 % 101) - 50);
  const auto weight =
      graph.add_constant("weight", {base::NumberFormat::int8, {8, 8, 3, 3}, base::Bytes::take(std::move(numbers))});
  const auto q = graph.add("QuantizeLinear", {x, scale, zero});
  const auto dq = graph.add("DequantizeLinear", {q, scale, zero});
  const auto w = graph.add("DequantizeLinear", {weight, scale, weight_zero});
  const auto y = graph.add("Conv", {dq, w}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}, "convolution");
  const auto q2 = graph.add("QuantizeLinear", {y, scale, zero});
  const auto out = graph.add("DequantizeLinear", {q2, scale, zero});
  graph.value(out).format = base::NumberFormat::float32;
  graph.value(out).shape = picture_shape(8);
  graph.outputs = {out};
  return graph;
}

TEST_P(EveryProvider, PlacementShowsConvolutionsThatBecameIntegers) {
  auto session = open(GetParam(), quantized_convolution());
  ASSERT_TRUE(session.ok()) << session.error().message();
  auto placement = (*session)->placement();
  ASSERT_TRUE(placement.ok()) << placement.error().message();
  std::string all;
  bool found = false;
  for (const Placement::Entry& entry : placement->entries) {
    all += entry.op + '/' + entry.format + ' ';
    found |= entry.op.find("Conv") != std::string::npos && entry.format == "u8";
  }
  EXPECT_TRUE(found) << all;
}

}  // namespace
}  // namespace mantissa::run
