// Files that were damaged or made to do harm: an Error, never a crash,
// and no more memory or time than their size deserves.
#include <gtest/gtest.h>

#include <ctime>
#include <random>

#include "format/onnx/test_models.h"

namespace mantissa::format {
namespace {

const std::string& small_network() {
  static const std::string bytes = model_bytes(17, R"(agraph (float[n,3,h,w] x) => (float[n,8,oh,ow] y)
    <float[8,3,1,1] k = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24}, int64[1] axes = {0}> {
      a = Conv <pads = [0,0,0,0]> (x, k)
      s = Shape(a)
      b = Reshape(a, s)
      c = Constant <value = float {0.5}> ()
      d = Mul(b, c)
      e = ReduceMean <axes = [2,3]> (d)
      f = Unsqueeze(e, axes)
      g = Squeeze(f, axes)
      y = Add(d, g)
  })");
  return bytes;
}

TEST(HostileOnnx, TruncatedAnywhere) {
  const std::string& whole = small_network();
  ASSERT_TRUE(read_bytes(whole).ok()) << read_bytes(whole).error().message();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto graph = read_bytes(whole.substr(0, length));
    if (graph.ok()) continue;
    EXPECT_NE(graph.error().code, ErrorCode::internal) << length << ": " << graph.error().message();
  }
}

TEST(HostileOnnx, DamagedAnywhere) {
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = small_network();
    for (unsigned change = 0; change < 1 + random() % 4; ++change)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto graph = read_bytes(damaged);
    if (graph.ok()) continue;
    EXPECT_NE(graph.error().code, ErrorCode::internal) << i << ": " << graph.error().message();
  }
}

TEST(HostileOnnx, OtherFiles) {
  for (const std::string& bytes :
       {std::string("PK\x03\x04"), std::string("#!/bin/sh\n"), std::string(1000, '\0'), std::string("\x08\x08")}) {
    const auto graph = read_bytes(bytes);
    ASSERT_FALSE(graph.ok());
    EXPECT_EQ(graph.error().code, ErrorCode::bad_input);
  }
}

TEST(HostileOnnx, DataThatDoNotFit) {
  for (const std::string tensor :
       {"float[3] w = {1.0, 2.0}", "float[4611686018427387904, 4] w = {1.0}", "float[1] w = {1.0, 2.0}"}) {
    const auto graph =
        read_bytes(model_bytes(17, "agraph (float[1] x) => (float[n] y) <" + tensor + "> { y = Add(x, w) }"));
    ASSERT_FALSE(graph.ok()) << tensor;
    EXPECT_EQ(graph.error().code, ErrorCode::bad_input) << graph.error().message();
  }
}

// A message in a message: the tag of its field, its length, its bytes.
std::string nested(char tag, const std::string& message) {
  std::string header(1, tag);
  std::size_t length = message.size();
  for (; length >= 0x80; length >>= 7U) header += static_cast<char>((length & 0x7FU) | 0x80U);
  return header + static_cast<char>(length) + message;
}

// A graph in an attribute of a node of a graph in an attribute ...
TEST(HostileOnnx, DeeplyNested) {
  std::string graph;
  for (int depth = 0; depth < 10000; ++depth) {
    const std::string attribute = nested('\x32', graph);  // AttributeProto.g
    graph = nested('\x0a', nested('\x2a', attribute));    // GraphProto.node, NodeProto.attribute
  }
  const auto read = read_bytes(nested('\x3a', graph));  // ModelProto.graph
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::bad_input) << read.error().message();
}

double seconds_to_read(const std::string& bytes, bool& ok) {
  const std::clock_t start = std::clock();  // of this process: other work on the machine does not count
  ok = read_bytes(bytes).ok();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// Sizes computed in the graph, doubled forty times: 2^42 of them if anything followed the values blindly.
TEST(HostileOnnx, ValuesThatGrow) {
  std::string nodes = "v0 = Shape(x)\n";
  for (int i = 0; i < 40; ++i)
    nodes +=
        "v" + std::to_string(i + 1) + " = Concat <axis = 0> (v" + std::to_string(i) + ", v" + std::to_string(i) + ")\n";
  bool ok = false;
  EXPECT_LT(seconds_to_read(
                model_bytes(17, "agraph (float[n,3,h,w] x) => (int64[m] y) {" + nodes + "y = Identity(v40) }"), ok),
            5.0);
}

// Whatever is looked up per node or per use must not grow with their number.
TEST(HostileOnnx, OneValueUsedEverywhere) {
  std::string nodes;
  std::string outputs;
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "v" + std::to_string(i);
    nodes += name + " = Add(x, w)\n";
    outputs += (i == 0 ? "float[1] " : ", float[1] ") + name;
  }
  const std::string bytes =
      model_bytes(17, "agraph (float[1] x) => (" + outputs + ") <float[1] w = {1.0}> {" + nodes + "}");
  bool ok = false;
  EXPECT_LT(seconds_to_read(bytes, ok), 5.0);
  EXPECT_TRUE(ok);
}

// A shape of a hundred thousand sizes for each of many values.
TEST(HostileOnnx, RanksThatNobodyUses) {
  std::string sizes = "1";
  for (int i = 1; i < 20000; ++i) sizes += ",1";
  std::string nodes = "v0 = Reshape(x, s)\n";
  for (int i = 0; i < 300; ++i) nodes += "v" + std::to_string(i + 1) + " = Relu(v" + std::to_string(i) + ")\n";
  bool ok = false;
  const std::string graph =
      "agraph (float[1] x) => (float[n] y) <int64[20000] s = {" + sizes + "}> {" + nodes + "y = Identity(v300) }";
  EXPECT_LT(seconds_to_read(model_bytes(17, graph), ok), 5.0);
  EXPECT_FALSE(ok);
}

}  // namespace
}  // namespace mantissa::format
