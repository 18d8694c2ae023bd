#include "ir/graph.h"

#include <gtest/gtest.h>

#include "ir/verify.h"

namespace mantissa::ir {
namespace {

using base::NumberFormat;

Shape vector_of(std::int64_t size) { return {{size, {}}}; }

// x -> Relu -> Neg -> y, with a constant added in between
struct Chain {
  Graph graph;
  ValueId x = graph.add_input("x", NumberFormat::float32, vector_of(2));
  ValueId one = graph.add_constant("one", Tensor::of_floats({2}, {1, 1}));
  ValueId relu = graph.add("Relu", {x}, {}, "relu");
  ValueId sum = graph.add("Add", {relu, one}, {}, "sum");
  ValueId y = graph.add("Neg", {sum}, {}, "y");
  Chain() { graph.outputs = {y}; }
  [[nodiscard]] NodeId producer(ValueId value) const { return graph.value(value).producer; }
};

TEST(Graph, IsSoundAsBuilt) {
  const Chain chain;
  EXPECT_TRUE(verify(chain.graph).ok());
  EXPECT_EQ(chain.graph.node_count(), 3U);
  EXPECT_EQ(chain.graph.describe(chain.producer(chain.sum)), "Add sum (output sum)");
  EXPECT_NE(chain.graph.constant_input(chain.producer(chain.sum), 1), nullptr);
  EXPECT_EQ(chain.graph.constant_input(chain.producer(chain.sum), 0), nullptr);
  EXPECT_EQ(chain.graph.constant_input(chain.producer(chain.sum), 7), nullptr);
}

TEST(Graph, NamesStayUnique) {
  Graph graph;
  const ValueId first = graph.add_value("a");
  const ValueId second = graph.add_value("a");
  graph.add_value("a_3");
  const ValueId third = graph.add_value("a");
  const ValueId unnamed = graph.add_value("");
  EXPECT_EQ(graph.value(first).name, "a");
  EXPECT_EQ(graph.value(second).name, "a_2");
  EXPECT_EQ(graph.value(third).name, "a_4");
  EXPECT_FALSE(graph.value(unnamed).name.empty());
  graph.rename(first, "b");
  EXPECT_FALSE(graph.find_value("a"));
  EXPECT_EQ(graph.find_value("b"), first);
}

TEST(Graph, UsesMoveWithoutTheException) {
  Chain chain;
  const ValueId scaled = chain.graph.add("Mul", {chain.relu, chain.one}, {}, "scaled");
  chain.graph.replace_uses(chain.relu, scaled, chain.producer(scaled));
  EXPECT_EQ(chain.graph.node(chain.producer(chain.sum)).inputs[0], scaled);
  EXPECT_EQ(chain.graph.node(chain.producer(scaled)).inputs[0], chain.relu);
  EXPECT_TRUE(verify(chain.graph).ok());
}

TEST(Graph, OutputsAreUsesToo) {
  Chain chain;
  chain.graph.replace_uses(chain.y, chain.sum);
  EXPECT_TRUE(chain.graph.is_output(chain.sum));
  chain.graph.erase(chain.producer(chain.y));
  EXPECT_EQ(chain.graph.node_count(), 2U);
  EXPECT_TRUE(verify(chain.graph).ok());
  // The name is free again: a pass that replaces a node gives its value the old name.
  EXPECT_FALSE(chain.graph.find_value("y"));
  chain.graph.rename(chain.sum, "y");
  EXPECT_EQ(chain.graph.value(chain.sum).name, "y");
}

TEST(Graph, ErasesWhatNobodyNeeds) {
  Chain chain;
  const ValueId dead = chain.graph.add("Exp", {chain.sum});
  chain.graph.add("Log", {dead});
  const ValueId spare = chain.graph.add_constant("spare", Tensor::of_floats({}, {3}));
  EXPECT_EQ(chain.graph.erase_unused(), 2);
  EXPECT_EQ(chain.graph.erase_unused(), 0);
  EXPECT_FALSE(chain.graph.find_value("spare"));
  EXPECT_EQ(chain.graph.constants(), std::vector<ValueId>{chain.one});
  EXPECT_EQ(chain.graph.value(chain.sum).uses.size(), 1U);
  EXPECT_TRUE(verify(chain.graph).ok()) << static_cast<unsigned>(spare);
}

TEST(Graph, SortsLateAdditionsAndLeavesOutCycles) {
  Chain chain;
  const ValueId late = chain.graph.add("Abs", {chain.x}, {}, "late");
  chain.graph.set_input(chain.producer(chain.relu), 0, late);
  const std::vector<NodeId> sorted = chain.graph.sorted();
  ASSERT_EQ(sorted.size(), 4U);
  EXPECT_EQ(sorted.front(), chain.producer(late));
  chain.graph.set_input(chain.producer(late), 0, chain.y);
  EXPECT_TRUE(chain.graph.sorted().empty());
  EXPECT_FALSE(verify(chain.graph).ok());
}

TEST(Graph, AttributesHaveDefaults) {
  Graph graph;
  const ValueId x = graph.add_input("x", NumberFormat::float32, {});
  const ValueId y =
      graph.add("Foo", {x},
                {{"i", std::int64_t{3}}, {"f", 0.5F}, {"s", std::string("a")}, {"n", std::vector<std::int64_t>{1, 2}}});
  const NodeId node = graph.value(y).producer;
  EXPECT_EQ(graph.integer(node, "i", 7), 3);
  EXPECT_EQ(graph.integer(node, "f", 7), 7) << "a wrong type counts as left out";
  EXPECT_EQ(graph.real(node, "f", 7), 0.5F);
  EXPECT_EQ(graph.text(node, "s", "b"), "a");
  EXPECT_EQ(graph.text(node, "none", "b"), "b");
  EXPECT_EQ(graph.integers(node, "n", {}), (std::vector<std::int64_t>{1, 2}));
}

TEST(Tensor, CountsWithoutOverflow) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto count = [](std::vector<std::int64_t> shape) {
    return Tensor{NumberFormat::int8, std::move(shape), {}}.count();
  };
  EXPECT_EQ(count({}), 1);
  EXPECT_EQ(count({2, 3}), 6);
  EXPECT_EQ(count({0, most, most}), 0);
  EXPECT_EQ(count({most, 2}), most);
  EXPECT_EQ(count({-1, 2}), most);
}

TEST(Tensor, ReadsIntegersOfEveryFormat) {
  const Tensor nibbles{NumberFormat::int4, {3}, base::Bytes::take(std::vector<std::uint8_t>{0x78, 0x0F})};
  EXPECT_EQ(*nibbles.integers(), (std::vector<std::int64_t>{-8, 7, -1}));
  const Tensor naturals{NumberFormat::uint4, {3}, nibbles.bytes};
  EXPECT_EQ(*naturals.integers(), (std::vector<std::int64_t>{8, 7, 15}));
  const Tensor bytes{NumberFormat::int8, {2}, nibbles.bytes};
  EXPECT_EQ(*bytes.integers(), (std::vector<std::int64_t>{0x78, 0x0F}));
  EXPECT_FALSE(Tensor::of_floats({1}, {1}).integers().ok());
  EXPECT_FALSE((Tensor{NumberFormat::int32, {1}, nibbles.bytes}).integers().ok());
}

TEST(Verify, FindsAUseListThatDoesNotMatch) {
  Chain chain;
  chain.graph.value(chain.relu).uses.clear();
  EXPECT_FALSE(verify(chain.graph).ok());
  chain.graph.value(chain.relu).uses = {{chain.producer(chain.sum), 0}, {chain.producer(chain.sum), 1}};
  EXPECT_FALSE(verify(chain.graph).ok());
}

TEST(Verify, FindsAConstantThatChangedItsFormatOnly) {
  Chain chain;
  chain.graph.value(chain.one).constant =
      Tensor{NumberFormat::int8, {2}, base::Bytes::take(std::vector<std::int8_t>{1, 1})};
  const auto checked = verify(chain.graph);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().message(), "value one: it is declared as float32 and holds int8[2].");
}

}  // namespace
}  // namespace mantissa::ir
