#include <gtest/gtest.h>

#include "net/architecture.h"
#include "net/task_metadata.h"
#include "net/test_states.h"

namespace mantissa::net {
namespace {

using test::States;

Network built(const ir::StateDict& state) { return network_from_checkpoint(state).value(); }

// One convolution from `in` to `out` channels on a picture of the given size.
ir::Graph one_conv(std::int64_t in, std::int64_t out, std::int64_t size = -1) {
  ir::Graph graph;
  const auto x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {in, ""}, {size, ""}, {size, ""}});
  const auto count = static_cast<std::size_t>(in * out);
  const auto w = graph.add_constant("weights", ir::Tensor::of_floats({out, in, 1, 1}, std::vector<float>(count)));
  graph.outputs = {graph.add("Conv", {x, w})};
  return graph;
}

TEST(TaskMetadata, SurvivesAFile) {
  Network network = built(States().srvgg(3, 4, 1, 2, false));
  network.task.range_high = 255;
  network.task.radius.reset();
  network.task.assumed.emplace_back("a \"quoted\" fact \xFF");
  ir::Graph graph = network.graph;
  write_task_metadata(network, graph);
  write_task_metadata(network, graph);
  ASSERT_EQ(graph.metadata.size(), 1U);
  const auto stored = read_task_metadata(graph);
  ASSERT_TRUE(stored.ok()) << stored.error().message();
  ASSERT_TRUE(stored->has_value());
  const Task& task = (*stored)->task;
  EXPECT_EQ(task.kind, network.task.kind);
  EXPECT_EQ(task.scale, 2);
  EXPECT_EQ(task.range_high, 255);
  EXPECT_FALSE(task.radius);
  EXPECT_EQ(task.assumed.size(), 2U);
  EXPECT_EQ((*stored)->architecture, network.architecture);
  EXPECT_EQ((*stored)->hyperparameters, network.hyperparameters);
}

TEST(TaskMetadata, OfAGraphIsBelieved) {
  Network network = built(States().espcn(3, 8, 2));
  network.task.range_low = -1;
  network.task.range_out = Range{0, 255};
  write_task_metadata(network, network.graph);
  const auto again = network_from_graph(network.graph);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->task.range_low, -1);
  EXPECT_EQ(again->task.range_out, (Range{0, 255}));
  EXPECT_EQ(again->task.colour, Colour::ycbcr);
  EXPECT_EQ(again->architecture, "ESPCN");
  EXPECT_NE(again->checkpoint.find("conv_1.weight"), nullptr);
}

TEST(TaskMetadata, ThatIsWrongIsAnError) {
  const Network network = built(States().espcn(3, 8, 2));
  ir::Graph graph = network.graph;
  write_task_metadata(network, graph);
  const std::string good = graph.metadata[0].second;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string cases[] = {"",
                               "nonsense",
                               "[]",
                               "{}",
                               "1",
                               "{",
                               std::string(100000, '['),
                               with(R"("scale":2)", R"("scale":3)"),
                               with(R"("scale":2)", R"("scale":"2")"),
                               with(R"("scale":2)", R"("scale":0)"),
                               with(R"("scale":2)", R"("scale":1e300)"),
                               with(R"("colour":"ycbcr")", R"("colour":"blue")"),
                               with(R"("colour":"ycbcr")", R"("colour":"luminance")"),
                               with("[0.0,1.0]", "[1.0,0.0]"),
                               with("[0.0,1.0]", "[0.0]"),
                               with("[0.0,1.0]", "[0.0,1e99]"),
                               with(R"("radius":4)", R"("radius":-4)"),
                               with(R"("stride":1)", R"("stride":0)"),
                               with(R"("assumed":[])", R"("assumed":[1])"),
                               with(R"("assumed":[])", R"("assumed":{})")};
  for (const std::string& text : cases) {
    graph.metadata[0].second = text;
    const auto again = network_from_graph(graph);
    ASSERT_FALSE(again.ok()) << text.substr(0, 200);
    EXPECT_EQ(again.error().code, ErrorCode::bad_input);
  }
}

TEST(NetworkFromGraph, KnowsAnArchitectureByItsConstants) {
  for (const ir::StateDict& state : {States().srvgg(3, 4, 2, 3), States().dncnn("model", 1, 4, 4, false),
                                     States().espcn(3, 8, 4), States::prefixed("net.", States().espcn(3, 8, 4))}) {
    const Network network = built(state);
    const auto again = network_from_graph(network.graph);
    ASSERT_TRUE(again.ok()) << again.error().message();
    EXPECT_EQ(again->architecture, network.architecture);
    EXPECT_EQ(again->task.colour, network.task.colour);
    EXPECT_EQ(again->task.radius, network.task.radius);
    EXPECT_EQ(again->hyperparameters, network.hyperparameters);
    EXPECT_TRUE(again->task.assumed.empty());
  }
}

// torch.onnx names the slopes of PReLU anew, because it changes their shape.
TEST(NetworkFromGraph, FindsTheKeysThatTorchRenamed) {
  Network network = built(States().srvgg(3, 4, 1, 2));
  ir::Graph& graph = network.graph;
  for (const ir::NodeId id : graph.sorted()) {
    ir::Node& node = graph.node(id);
    if (node.op != "PRelu") continue;
    graph.rename(node.inputs[1], "onnx::PRelu_" + std::to_string(static_cast<unsigned>(id)));
    node.name = "/" + node.name + "/PRelu";
  }
  const auto again = network_from_graph(graph);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->architecture, "SRVGGNetCompact");
}

// The same weights, but dilated: not the network that the keys speak of.
TEST(NetworkFromGraph, DoesNotTakeOtherOperatorsForTheArchitecture) {
  Network network = built(States().dncnn("model", 1, 4, 4, false));
  for (const ir::NodeId id : network.graph.sorted()) {
    ir::Node& node = network.graph.node(id);
    if (node.op != "Conv") continue;
    node.attributes["dilations"] = std::vector<std::int64_t>{2, 2};
    node.attributes["pads"] = std::vector<std::int64_t>{2, 2, 2, 2};
  }
  const auto again = network_from_graph(network.graph);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->architecture, "");
  EXPECT_EQ(again->task.radius, 8);
}

TEST(NetworkFromGraph, AssumesWhatItCannotKnow) {
  const auto rgb = network_from_graph(one_conv(3, 3));
  ASSERT_TRUE(rgb.ok()) << rgb.error().message();
  EXPECT_EQ(rgb->task.colour, Colour::rgb);
  EXPECT_EQ(rgb->task.assumed, (std::vector<std::string>{"range 0..1", "colour rgb"}));
  const auto grey = network_from_graph(one_conv(1, 1, 224));
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->task.colour, Colour::luminance);
  EXPECT_EQ(grey->task.assumed.back(), "pictures of 224 x 224 pixels only (fixed in the file)");
}

TEST(NetworkFromGraph, RefusesWhatIsNoPicture) {
  EXPECT_FALSE(network_from_graph(one_conv(4, 4)).ok());
  EXPECT_FALSE(network_from_graph({}).ok());
  ir::Graph two = one_conv(3, 3);
  two.add_input("map", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, ""}, {-1, ""}});
  EXPECT_FALSE(network_from_graph(two).ok());
  ir::Graph scalar = one_conv(3, 3);
  scalar.add_input("sigma", base::NumberFormat::float32, {{1, ""}, {1, ""}, {1, ""}, {1, ""}});
  EXPECT_FALSE(network_from_graph(scalar).ok());
  ir::Graph outputs = one_conv(3, 3);
  outputs.outputs.push_back(outputs.outputs.front());
  EXPECT_FALSE(network_from_graph(outputs).ok());
  ir::Graph integers = one_conv(3, 3);
  integers.value(integers.inputs[0]).format = base::NumberFormat::uint8;
  EXPECT_FALSE(network_from_graph(integers).ok());
}

// A picture in blocks of 2x2 and a map with an element for each, whose sizes the file calls those of the picture, and
// which comes first.
ir::Graph with_map() {
  ir::Graph graph;
  const auto map = graph.add_input("map", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, "h"}, {-1, "w"}});
  const auto x = graph.add_input("x", base::NumberFormat::float32, {{1, ""}, {1, ""}, {-1, "h"}, {-1, "w"}});
  const auto blocks = graph.add("SpaceToDepth", {x}, {{"blocksize", std::int64_t{2}}});
  const auto joined = graph.add("Concat", {blocks, map}, {{"axis", std::int64_t{1}}});
  const auto w = graph.add_constant("weights", ir::Tensor::of_floats({4, 5, 1, 1}, std::vector<float>(20)));
  graph.outputs = {graph.add("DepthToSpace", {graph.add("Conv", {joined, w})}, {{"blocksize", std::int64_t{2}}})};
  return graph;
}

TEST(NetworkFromGraph, KnowsAConditionBesideThePicture) {
  const auto network = network_from_graph(with_map());
  ASSERT_TRUE(network.ok()) << network.error().message();
  ASSERT_TRUE(network->task.condition);
  const Condition& condition = *network->task.condition;
  EXPECT_EQ(condition.input, "map");
  EXPECT_TRUE(condition.is_map);
  EXPECT_EQ(condition.step, 2);
  EXPECT_EQ(condition.divisor, 255);
  EXPECT_FALSE(condition.levels);
  EXPECT_EQ(network->task.kind, "denoising");
  EXPECT_NE(network->task.assumed.back().find("map"), std::string::npos);
  const ir::Graph& graph = network->graph;
  EXPECT_EQ(graph.value(graph.inputs[0]).name, "x") << "the picture comes first";
  EXPECT_EQ((*graph.value(graph.inputs[1]).shape)[2].symbol, "") << "the map is smaller than the picture";
}

TEST(TaskMetadata, HoldsTheCondition) {
  Network network = network_from_graph(with_map()).value();
  network.task.condition->levels = Levels{0, 50};
  network.task.condition->divisor = 1;
  write_task_metadata(network, network.graph);
  const auto again = network_from_graph(network.graph);
  ASSERT_TRUE(again.ok()) << again.error().message();
  ASSERT_TRUE(again->task.condition);
  EXPECT_EQ(again->task.condition->levels, (Levels{0, 50}));
  EXPECT_EQ(again->task.condition->divisor, 1);
  EXPECT_EQ(again->task.condition->step, 2);
  const std::string good = network.graph.metadata[0].second;
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"map\",\"form\"", "\"sigma\",\"form\""},
                                 {"\"form\":\"map\"", "\"form\":\"number\""},
                                 {"\"form\":\"map\"", "\"form\":\"picture\""},
                                 {"\"step\":2", "\"step\":1"},
                                 {"\"step\":2", "\"step\":0"},
                                 {"\"divisor\":1.0", "\"divisor\":0"},
                                 {"[0.0,50.0]", "[50.0,0.0]"},
                                 {"[0.0,50.0]", "[0.0]"},
                                 {"\"condition\"", "\"conditions\""}}) {
    ASSERT_NE(good.find(from), std::string::npos) << from;
    network.graph.metadata[0].second = std::string(good).replace(good.find(from), from.size(), to);
    const auto refused = network_from_graph(network.graph);
    ASSERT_FALSE(refused.ok()) << to;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
  }
}

}  // namespace
}  // namespace mantissa::net
