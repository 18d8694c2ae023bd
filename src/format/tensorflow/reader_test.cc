#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "format/onnx/test_models.h"
#include "format/tensorflow/test_graphs.h"

namespace mantissa::format {
namespace {

using namespace test;

std::string text_of(const std::string& bytes) {
  const auto graph = read(bytes);
  return graph.ok() ? whole_text(*graph) : graph.error().message();
}

void expect_refusal(const std::string& bytes, ErrorCode code, const std::string& words) {
  const auto graph = read(bytes);
  ASSERT_FALSE(graph.ok()) << words;
  EXPECT_EQ(graph.error().code, code) << graph.error().message();
  EXPECT_NE(graph.error().message().find(words), std::string::npos) << graph.error().message();
}

// [height 2, width 1, inputs 3, outputs 2] becomes [outputs, inputs, height, width]; the bias, [1, 1, 1, 2], goes to the
// channels; what lies between the Transposes is read with its channels first.
const std::string kSmall = picture() + floats("w", {2, 1, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) +
                           conv("c", "x", "w") + floats("b", {1, 1, 1, 2}, {1, 2}) + node("AddV2", "a", {"c:0", "b"}) +
                           integers("first", {0, 3, 1, 2}) + node("Transpose", "t", {"a", "first"}) +
                           floats("m", {2, 1, 1}, {3, 4}) + node("Mul", "y", {"t", "m", "^b"});

TEST(FrozenGraph, WeightsAndConstantsAreTurned) {
  EXPECT_EQ(text_of(kSmall), R"(graph {
  input %x : float32[batch,3,height,width]
  const %c/weights : float32[2,3,2,1] = {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}
  const %a/constant : float32[2,1,1] = {1, 2}
  const %y/constant : float32[2,1,1] = {3, 4}
  %c : float32[*] = Conv(%x, %c/weights) {kernel_shape=[2,1], pads=[0,0,1,0], strides=[1,1]} @c
  %a : float32[*] = Add(%c, %a/constant) @a
  %y : float32[?,?,?,?] = Mul(%a, %y/constant) @y
  output %y
}
)");
}

// Numbers that TensorFlow leaves out repeat the last; none at all are zeros.
TEST(FrozenGraph, TensorsAreFilled) {
  const std::string two =
      node("Const", "w", {}, {{"value", tensor(1, {1, 1, 1, 2}, content_field(5, std::string("\0\0\x80?", 4)))}});
  EXPECT_NE(text_of(picture() + two + conv("c", "x", "w")).find("float32[2,1,1,1] = {1, 1}"), std::string::npos);
  const std::string none = node("Const", "w", {}, {{"value", tensor(1, {1, 1, 1, 2}, "")}});
  EXPECT_NE(text_of(picture() + none + conv("c", "x", "w")).find("float32[2,1,1,1] = {0, 0}"), std::string::npos);
}

TEST(FrozenGraph, WhatIsNotKnownIsNamed) {
  const std::string start = picture() + floats("w", {1, 1, 1, 1}, {1}) + conv("c", "x", "w");
  expect_refusal(start + node("Frobnicate", "f", {"c"}), ErrorCode::unsupported, "node Frobnicate f: the operator");
  expect_refusal(start + conv("d", "x", "w"), ErrorCode::unsupported, "ends in 2 nodes (c, d)");
  expect_refusal(start + picture("z") + node("Add", "s", {"c", "z"}), ErrorCode::unsupported, "a second input");
  expect_refusal(start + node("MaxPool", "p", {"c"}, {{"padding", text("SAME")}, {"ksize", list({1, 2, 2, 2})}}),
                 ErrorCode::unsupported, "acts on batch or channels");
  expect_refusal(start + integers("o", {0, 2, 1, 3}) + node("Transpose", "t", {"c", "o"}), ErrorCode::unsupported,
                 "turns the axes of a picture in another way");
  expect_refusal(node("NoOp", "n"), ErrorCode::bad_input, "none is its output");
}

TEST(FrozenGraph, WhatIsDamagedIsNamed) {
  const std::string weights = floats("w", {1, 1, 1, 1}, {1});
  const std::string start = picture() + weights + conv("c", "x", "w");
  expect_refusal(start + node("Relu", "r", {"gone"}), ErrorCode::bad_input, "its input gone is no node");
  expect_refusal(start + weights, ErrorCode::bad_input, "two of its nodes are named w");
  expect_refusal(start + node("Relu", "r\n", {"c"}), ErrorCode::bad_input, "does not permit");
  expect_refusal(start + node("Add", "a", {"c", "b"}) + node("Relu", "b", {"a"}) + node("Relu", "e", {"b"}),
                 ErrorCode::bad_input, "depends on itself");
  expect_refusal(start.substr(0, start.size() - 1), ErrorCode::bad_input, "damaged or incomplete");
  expect_refusal(picture() + floats("w", {1, 1, 2, 1}, {1}) + conv("c", "x", "w"), ErrorCode::bad_input,
                 "4 bytes, which do not fit its shape");
  expect_refusal(start + floats("v", {1, 1, 2, 1}, {1, 1}) + conv("d", "c", "v"), ErrorCode::bad_input,
                 "its weights are for 2 channels, and 1 reach it");
}

// Sizes that lie: nothing of that size is ever made.
TEST(FrozenGraph, SizesThatLieAreRefused) {
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{1 << 30, 1 << 30, 1 << 30, 1 << 30}, {1000, 1000, 1000, 1}, {-1, 1, 1, 1}}) {
    const std::string weights = node("Const", "w", {}, {{"value", tensor(1, shape, content_field(5, "abcd"))}});
    expect_refusal(picture() + weights + conv("c", "x", "w"), ErrorCode::bad_input, "a shape that is much larger");
  }
  const std::string weights = floats("w", {1, 1, 1, 1}, {1});
  expect_refusal(picture() + weights + conv("c", "x", "w", std::int64_t{1} << 40), ErrorCode::bad_input,
                 "strides is out of range");
  expect_refusal(picture() + weights + conv("c", "x", "w") +
                     node("DepthToSpace", "d", {"c"}, {{"block_size", integer(std::int64_t{1} << 40)}}),
                 ErrorCode::bad_input, "block_size is out of range");
}

double seconds_to_read(const std::string& bytes, bool& ok) {
  const std::clock_t start = std::clock();  // of this process: other work on the machine does not count
  ok = read(bytes).ok();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Each node takes what the one before gives, or the same large constant: as often as there are nodes.
TEST(FrozenGraph, DeepAndWideGraphsTakeTimeOfTheirSize) {
  std::string nodes = picture() + floats("w", {16, 16, 1, 1}, std::vector<float>(256, 0.5F)) + conv("n0", "x", "w");
  for (int i = 0; i < 20000; ++i) {
    const std::string before = "n" + std::to_string(i), name = "n" + std::to_string(i + 1);
    nodes += i % 2 == 0 ? node("Relu", name, {before}) : conv(name, before, "w");
  }
  bool ok = false;
  EXPECT_LT(seconds_to_read(nodes, ok), 5.0);
  EXPECT_TRUE(ok);
}

// Constants computed from constants, over and over.
TEST(FrozenGraph, ComputedConstantsAreBounded) {
  std::string nodes = picture() + floats("k0", {1000}, std::vector<float>(1000, 1.0F));
  for (int i = 0; i < 10000; ++i) nodes += node("Add", "k" + std::to_string(i + 1), {"k" + std::to_string(i), "k0"});
  expect_refusal(nodes + node("Mul", "y", {"x", "k10000"}), ErrorCode::bad_input, "larger than any network needs");
}

TEST(FrozenGraph, TruncatedAnywhere) {
  for (std::size_t length = 0; length < kSmall.size(); ++length) {
    const auto graph = read(kSmall.substr(0, length));
    if (graph.ok()) continue;
    EXPECT_NE(graph.error().code, ErrorCode::internal) << length << ": " << graph.error().message();
  }
}

TEST(FrozenGraph, DamagedAnywhere) {
  std::mt19937 random(3);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = kSmall;
    for (unsigned change = 0; change < 1 + random() % 4; ++change)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto graph = read(damaged);
    if (graph.ok()) continue;
    ++refused;
    const std::string message = graph.error().message();
    EXPECT_NE(graph.error().code, ErrorCode::internal) << i << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << i << ": " << message;
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace mantissa::format
