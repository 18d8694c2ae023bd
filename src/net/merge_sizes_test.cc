#include "net/merge_sizes.h"

#include <gtest/gtest.h>

#include "ir/text.h"

namespace mantissa::net {
namespace {

// Tokens of a picture twice over, as an exporter writes it: the sizes are asked for before each Reshape.
constexpr std::string_view kTokens = R"(graph {
  input %x : float32[BATCH,4,h,w]
  const %zero : int64[1] = {0}
  const %one : int64[1] = {1}
  const %two : int64[1] = {2}
  const %three : int64[1] = {3}
  const %open : int64[1] = {-1}
  %s1 : int64[4] = Shape(%x)
  %n1 : int64[1] = Gather(%s1, %zero)
  %c1 : int64[1] = Gather(%s1, %one)
  %to1 : int64[3] = Concat(%n1, %c1, %open) {axis = 0}
  %r : float32[?,?,?] = Reshape(%x, %to1)
  %t : float32[?,?,?] = Relu(%r)
  %n2 : int64[1] = Gather(%s1, %zero)
  %c2 : int64[1] = Gather(%s1, %one)
  %h2 : int64[1] = Gather(%s1, %two)
  %w2 : int64[1] = Gather(%s1, %three)
  %to2 : int64[4] = Concat(%n2, %c2, %h2, %w2) {axis = 0}
  %u : float32[?,?,?,?] = Reshape(%t, %to2)
  %s3 : int64[4] = Shape(%u)
  %h3 : int64[1] = Gather(%s3, %two)
  %w3 : int64[1] = Gather(%s3, %three)
  %to3 : int64[4] = Concat(%n1, %c1, %h3, %w3) {axis = 0}
  %v : float32[?,?,?,?] = Abs(%u)
  %y : float32[?,?,?,?] = Reshape(%v, %to3)
  output %y
})";

ir::Graph graph_of(std::string_view batch) {
  std::string text(kTokens);
  text.replace(text.find("BATCH"), 5, batch);
  auto graph = ir::parse(text);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return std::move(graph).value();
}

int count(const ir::Graph& graph, std::string_view op) {
  int found = 0;
  for (const ir::NodeId node : graph.sorted()) found += graph.node(node).op == op ? 1 : 0;
  return found;
}

TEST(MergeSizes, AsksOnceForEachSize) {
  ir::Graph graph = graph_of("1");
  EXPECT_GT(merge_sizes(graph), 0);
  EXPECT_EQ(count(graph, "Shape"), 1);
  EXPECT_EQ(count(graph, "Gather"), 0);  // the shape of the input is that of the others
  EXPECT_EQ(count(graph, "Concat"), 0);  // that of the tokens is {1, 4, -1}
  EXPECT_EQ(count(graph, "Reshape"), 3);
}

TEST(MergeSizes, LeavesBatchesAlone) {
  ir::Graph graph = graph_of("n");
  EXPECT_EQ(merge_sizes(graph), 0);
}

// Of large pictures both are 64 rows; of small ones the first has as many as there are.
TEST(MergeSizes, TellsApartWhatDiffersForSmallPictures) {
  auto graph = ir::parse(R"(graph {
  input %x : float32[1,1,h,w]
  const %two : int64[1] = {2}
  const %most : int64[1] = {64}
  const %rest : int64[3] = {1,1,-1}
  %s : int64[4] = Shape(%x)
  %h : int64[1] = Gather(%s, %two)
  %least : int64[1] = Min(%h, %most)
  %ratio : int64[1] = Div(%most, %least)
  %same : int64[1] = Div(%most, %most)
  %a : float32[?,?,?,?] = Expand(%x, %ratio)
  %y : float32[?,?,?,?] = Expand(%a, %same)
  output %y
})");
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  merge_sizes(*graph);
  EXPECT_EQ(count(*graph, "Min"), 1);
}

}  // namespace
}  // namespace mantissa::net
