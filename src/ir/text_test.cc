#include "ir/text.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "ir/text_numbers.h"

namespace mantissa::ir {
namespace {

using base::NumberFormat;

TEST(TextNumbers, ReadBackToTheSameBits) {
  std::mt19937 random(1);  // any seed: bit patterns of every kind come up
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    const auto back = text::to_float(text::number(value));
    ASSERT_TRUE(back) << text::number(value);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(*back), std::bit_cast<std::uint32_t>(value)) << text::number(value);
  }
  EXPECT_EQ(text::real(1), "1.0");
  EXPECT_EQ(text::real(1e30F), "1e+30");
  EXPECT_EQ(text::real(-INFINITY), "-inf");
  EXPECT_FALSE(text::to_float("1x"));
  EXPECT_FALSE(text::to_float("1e99"));
  EXPECT_FALSE(text::to_float("nan:3f800000")) << "these are the bits of 1";
  EXPECT_FALSE(text::to_integer(""));
}

// The bytes 0, 1, ... 255 over and over (every pattern of an 8-bit format), or the 16-bit numbers 0, 1, ... 65535.
std::vector<std::uint8_t> counting(NumberFormat format, std::size_t bytes) {
  std::vector<std::uint8_t> raw(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t value = base::bits_of(format) == 16 ? i / 2 >> (i % 2 * 8) : i;
    raw[i] = static_cast<std::uint8_t>(value);
  }
  return raw;
}

void expect_round_trip(NumberFormat format, std::size_t bytes) {
  const std::vector<std::uint8_t> raw = counting(format, bytes);
  const auto count = static_cast<std::int64_t>(bytes * 8) / base::bits_of(format);
  Graph graph;
  graph.outputs = {graph.add_constant("w", {format, {count}, base::Bytes::take(raw)})};
  const std::string printed = print(graph, {.values_up_to = 1 << 20});
  const auto parsed = parse(printed);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  const base::Bytes& back = parsed->value(parsed->outputs[0]).constant->bytes;
  ASSERT_EQ(back.size(), bytes) << base::name_of(format);
  EXPECT_TRUE(std::equal(raw.begin(), raw.end(), reinterpret_cast<const std::uint8_t*>(back.data())))
      << base::name_of(format);
}

TEST(Text, HoldsEveryBitOfNarrowFormats) {
  for (const auto format : {NumberFormat::float8_e4m3fn, NumberFormat::float8_e5m2, NumberFormat::int8,
                            NumberFormat::uint8, NumberFormat::int4, NumberFormat::uint4, NumberFormat::boolean})
    expect_round_trip(format, 256);
  for (const auto format : {NumberFormat::float16, NumberFormat::bfloat16, NumberFormat::int16})
    expect_round_trip(format, 2U << 16U);
  for (const auto format : {NumberFormat::float32, NumberFormat::float64, NumberFormat::int64, NumberFormat::uint64})
    expect_round_trip(format, 256);
}

TEST(Text, PrintsAChecksumForLargeConstants) {
  Graph graph;
  graph.outputs = {graph.add_constant("w", Tensor::of_floats({17}, std::vector<float>(17, 1)))};
  EXPECT_NE(print(graph).find("{sha256 "), std::string::npos);
  EXPECT_EQ(print(graph, {.values_up_to = 17}).find("{sha256 "), std::string::npos);
}

TEST(Text, PrintsBrokenGraphs) {
  Graph graph;
  const ValueId x = graph.add_value("x");
  Node node;
  node.op = "Relu";
  node.inputs = node.outputs = {x};
  graph.add_node(node);
  graph.add_constant("w", {NumberFormat::float32, {3}, {}});
  EXPECT_EQ(print(graph), "graph {\n  const %w : float32[3] = {}\n  %x = Relu(%x)\n}\n");
}

// Nothing in the grammar nests, so depth costs nothing; a wrong text must not cost more than its length either.
TEST(Text, StaysLinearOnHostileText) {
  EXPECT_FALSE(parse(std::string(1 << 20, '{')).ok());
  EXPECT_FALSE(parse("graph { " + std::string(1 << 20, '[')).ok());
  EXPECT_FALSE(parse("graph { const %w : float32[9223372036854775807,9223372036854775807] = {1").ok());
  EXPECT_FALSE(parse("graph { meta a = \"" + std::string(1 << 20, 'a')).ok());
  EXPECT_FALSE(parse(std::string(1 << 20, '#')).ok());
  EXPECT_FALSE(parse(std::string(1 << 20, ':')).ok());
  EXPECT_FALSE(parse("").ok());
}

// Every prefix and many damaged copies of a text with everything in it: an Error or a graph, never a crash.
TEST(Text, SurvivesDamage) {
  const std::string whole =
      "graph \"g\" { meta a = \"b\\x01\" input %x : float32[N,?,4=f] ~ uint8(axis=0, scale=[1, 2], zero=[3, 4]) const "
      "%w : int4[3] = {1, 2, -3}\n"
      "%y : ?[*], _ = a::B(%x, _, %w) {i=1, f=1.0, s=\"t\", l=[1,2], m=[1.5], e=floats[], t=float16[1]{hex 017e}} @n "
      "in float16 output %y, %x }";
  ASSERT_TRUE(parse(whole).ok()) << parse(whole).error().message();
  for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_FALSE(parse(whole.substr(0, i)).ok()) << i;
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = whole;
    for (int change = 0; change < 3; ++change) damaged[random() % damaged.size()] = static_cast<char>(random() % 128);
    const auto parsed = parse(damaged);
    if (!parsed.ok()) continue;
    EXPECT_TRUE(parse(print(*parsed)).ok()) << damaged;
  }
}

}  // namespace
}  // namespace mantissa::ir
